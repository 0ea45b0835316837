// SPDX-License-Identifier: Apache-2.0
// The page: text from outside stays text, gnuplot's SVG passes a filter, a gnuplot that is missing is said.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "reports/html.h"
#include "reports/plots_impl.h"
#include "reports/report.h"
#include "reports/svg.h"
#include "tests/unit/report_sample.h"

static char *page_of(const sample *s)
{
    eb_err err = { 0 };
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    assert_true(eb_report_find("html")->write(&s->run, &(eb_report_style){ .color = false }, out, &err));
    assert_int_equal(fclose(out), 0);
    return text;
}

static int count(const char *text, const char *what)
{
    int n = 0;
    for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
        n++;
    return n;
}

static void the_page_is_whole_and_alone(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *page = page_of(s);
    assert_ptr_equal(strstr(page, "<!DOCTYPE html>\n<html lang=\"en\">"), page);
    assert_string_equal(page + strlen(page) - 8, "</html>\n");
    assert_int_equal(count(page, "http://"), 0); // nothing is named that could be loaded
    assert_int_equal(count(page, "https://"), 0);
    assert_int_equal(count(page, " src="), 0);
    assert_int_equal(count(page, "@import"), 0);
    assert_int_equal(count(page, "<script"), 1);
    assert_int_equal(count(page, "<h1>"), 1);
    assert_int_equal(count(page, "<table"), count(page, "</table>"));
    assert_int_equal(count(page, "<div"), count(page, "</div>"));
    assert_int_equal(count(page, "<section"), count(page, "</section>"));
    assert_int_equal(count(page, "<details"), count(page, "</details>"));
    free(page);
    sample_free(s);
}

// The answer stands before every table, and the figures carry their interval and where they come from.
static void the_answer_is_first(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *page = page_of(s), *answer = strstr(page, "class=\"answer\""), *table = strstr(page, "<table");
    assert_true(answer && table && answer < table);
    assert_non_null(
        strstr(answer, "most tokens per joule: <strong>smollm2-135m q4_0</strong> (3.22\xC2\xA0tok/J, estimate"));
    assert_non_null(
        strstr(page, "title=\"j_per_tok = 0.311 J/tok, of 7, 95 % interval 0.3048 to 0.3172; grade estimate\""));
    assert_non_null(
        strstr(page, "<th scope=\"row\">smollm2-135m <span class=\"under\">q8_0</span> <span class=\"fam\">"));
    assert_non_null(strstr(page, "All rows: prompt+output 128+64, batch 1"));
    assert_non_null(strstr(page, "data-v=\"0.311\""));
    assert_non_null(strstr(page, "<td class=\"pm\">±0.006</td>"));
    assert_non_null(strstr(page, "prices made up for show"));
    free(page);
    sample_free(s);
}

#define HOSTILE "<img src=x onerror=alert(1)>\"'&amp;</td></script><script>alert(2)</script>\x1b[31m\xE2\x80\xAE`$(id)`"

static void names_from_outside_stay_text(void **state)
{
    (void)state;
    sample *s = sample_new();
    for (int c = 0; c < SAMPLE_CASES; c++) {
        s->info[c].model = s->info[c].type = s->info[c].family = s->info[c].workload = s->info[c].kv = (char *)HOSTILE;
        s->info[c].source = s->info[c].id = (char *)HOSTILE;
        snprintf(s->metrics[c][0].note, sizeof s->metrics[c][0].note, "%s", HOSTILE);
        s->metrics[c][0].value = NAN;
    }
    s->info[8].reference_type = (char *)"</style><blink>";
    s->header.config = s->header.tool_version = s->header.started_utc = s->header.engine = (char *)HOSTILE;
    s->header.fingerprint = s->header.plan_digest = (char *)HOSTILE;
    s->sources[0] = (eb_source_row){ (char *)HOSTILE, (char *)HOSTILE, (char *)HOSTILE, (char *)HOSTILE };
    s->machine[0] = (eb_pair){ (char *)"cpu_model", (char *)HOSTILE };
    s->machine[1] = (eb_pair){ (char *)HOSTILE, (char *)HOSTILE };
    for (int i = 0; i < s->header.n_settings; i++)
        s->settings[i].value = s->settings[i].origin = (char *)HOSTILE;
    s->settings[2].name = (char *)HOSTILE;
    s->warnings[0] = s->run.missing = s->run.domains = (char *)HOSTILE;
    char *page = page_of(s);
    assert_int_equal(count(page, "<script"), 1);
    assert_int_equal(count(page, "</script"), 1);
    assert_int_equal(count(page, "</style"), 1);
    assert_int_equal(count(page, "<img"), 0);
    assert_int_equal(count(page, "<blink"), 0);
    assert_int_equal(count(page, "\x1b"), 0);
    assert_int_equal(count(page, "\xE2\x80\xAE"), 0);
    assert_true(count(page, "&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;amp;") > 30);
    assert_int_equal(count(page, "<table"), count(page, "</table>"));
    assert_int_equal(count(page, "<svg"), count(page, "</svg>"));
    free(page);
    sample_free(s);
}

static char *filtered(const char *svg, bool *ok)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    assert_non_null(out);
    *ok = eb_svg_inline(svg, strlen(svg), "p1", "a \"plot\"", out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void svg_keeps_what_it_draws(void **state)
{
    (void)state;
    bool ok;
    char *text = filtered(
        "<?xml version=\"1.0\"?>\n<!-- by hand -->\n<svg \n width=\"40\" height=\"30\"\n viewBox=\"0 0 40 30\" "
        "xmlns=\"http://www.w3.org/2000/svg\">\n<title>x</title>\n<g id=\"a\" fill='none' class=\"q\">"
        "<path stroke='rgb( 11,  90, 143)' d='M1,2 L3,4'/><use xlink:href='#a' fill='#123456'/>"
        "<g clip-path=\"url(#b)\"><text> 5 &lt; 6</text></g></g>\n</svg>\n",
        &ok);
    assert_true(ok);
    assert_string_equal(
        text,
        "<svg viewBox=\"0 0 40 30\" style=\"--w:40px\" role=\"img\" aria-label=\"a &quot;plot&quot;\"><g id=\"p1-a\" "
        "fill=\"none\"><path stroke=\"var(--s1)\" d=\"M1,2 L3,4\"/><use href=\"#p1-a\" "
        "fill=\"#123456\"/><g clip-path=\"url(#p1-b)\"><text> 5 &lt; 6</text></g></g></svg>");
    free(text);
}

static void svg_loses_what_it_does_not_draw(void **state)
{
    (void)state;
    bool ok;
    char *text =
        filtered("<svg viewBox=\"0 0 1 1\"><script>alert(1)</script><foreignObject><b>x</b></foreignObject>"
                 "<g onclick=\"alert(1)\" style=\"x\"><use xlink:href='http://x/#a'/><path fill='url(http://x)' "
                 "d='javascript:alert(1)'/><image href='x.png'/></g></svg>",
                 &ok);
    assert_true(ok);
    assert_string_equal(
        text,
        "<svg viewBox=\"0 0 1 1\" style=\"--w:1px\" role=\"img\" aria-label=\"a &quot;plot&quot;\"><g><use/><path/></g>"
        "</svg>");
    free(text);
}

static void svg_that_is_none_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "",
                                       "<svg",
                                       "<svg viewBox=\"0 0 1 1\"",
                                       "<svg viewBox=\"0 0 1 1\"><g fill=none></g></svg>",
                                       "<svg><g/></svg>",
                                       "<svg viewBox=\"0 0 1 1\"><g fill=\"no end></g></svg>",
                                       "<svg viewBox=\"0 0 1 1\"><script>no end</svg>",
                                       "<!-- no end" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool ok;
        free(filtered(bad[i], &ok));
        assert_false(ok);
    }
}

static void without_gnuplot_a_notice_and_no_failure(void **state)
{
    (void)state;
    eb_html_pictures p = { 0 };
    eb_html_picture_add(&p, "speed", false, strdup("plot x"), "A | b");
    eb_html_picture_add(&p, "speed", false, NULL, "nothing to draw");
    assert_int_equal(p.n, 1);
    eb_html_pictures_draw(&p, "no-such-gnuplot");
    assert_non_null(strstr(p.notice, "gnuplot was not installed"));
    assert_null(p.items[0].svg);
    assert_false(eb_html_pictures_have(&p, "speed"));
    eb_html_pictures_draw(&p, "false"); // it ran, and failed
    assert_non_null(strstr(p.notice, "exit 1"));
    eb_html_pictures_draw(&p, "true"); // it ran, and drew nothing
    assert_non_null(p.notice);
    eb_html_pictures_deinit(&p);
}

static eb_plot_point at(double j, double tok_s, eb_front front)
{
    return (eb_plot_point){ (char *)"x", j, j, j, tok_s, tok_s, tok_s, front };
}

// What the tables have on the front is green, hollow where only noise keeps it there, and the steps go by the values.
static void the_front_is_drawn_as_the_tables_have_it(void **state)
{
    (void)state;
    eb_plot_point points[] = { at(2, 4, EB_FRONT_ON), at(1.5, 1.5, EB_FRONT_BEATEN), at(1, 2, EB_FRONT_ON),
                               at(1.1, 1.9, EB_FRONT_NOISE), at(0.1, 5, EB_FRONT_BEATEN) };
    char *script = eb_plot_front_of(points, 5, "y");
    assert_non_null(strstr(script, "$front << END\n1 2\n2 2\n2 4\n2.24 4\nEND\n"));
    assert_non_null(strstr(script, "$dots << END\n1 2 1 1 2 2 7\n1.1 1.9 1.1 1.1 1.9 1.9 6\n2 4 2 2 4 4 7\nEND\n"));
    assert_non_null(strstr(script, "$other << END\n0.1 5 0.1 0.1 5 5 7\n1.5 1.5 1.5 1.5 1.5 1.5 7\nEND\n"));
    free(script);
    for (int i = 0; i < 5; i++) // of no two that may be ranked
        points[i].front = EB_FRONT_BEATEN;
    script = eb_plot_front_of(points, 5, "y");
    assert_null(strstr(script, "$dots"));
    assert_null(strstr(script, "$front"));
    assert_non_null(strstr(script, "\nplot $other"));
    free(script);
}

// A run without energy, prices, series or raw data still makes a page.
static void a_bare_run_has_a_page(void **state)
{
    (void)state;
    sample *s = sample_new();
    for (int c = 0; c < SAMPLE_CASES; c++)
        for (int m = 0; m < s->cases[c].n_metrics; m++)
            s->metrics[c][m].value = NAN;
    s->run.n_series = 0;
    s->header.n_settings = s->header.n_machine = s->header.n_sources = 0;
    s->run.complete = false;
    char *page = page_of(s);
    assert_non_null(strstr(page, "no energy source"));
    assert_non_null(strstr(page, "not complete"));
    assert_int_equal(count(page, "<figure"), 0);
    free(page);
    s->run.n_cases = 0;
    free(page_of(s));
    sample_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_is_whole_and_alone),
        cmocka_unit_test(the_answer_is_first),
        cmocka_unit_test(names_from_outside_stay_text),
        cmocka_unit_test(svg_keeps_what_it_draws),
        cmocka_unit_test(svg_loses_what_it_does_not_draw),
        cmocka_unit_test(svg_that_is_none_is_refused),
        cmocka_unit_test(without_gnuplot_a_notice_and_no_failure),
        cmocka_unit_test(the_front_is_drawn_as_the_tables_have_it),
        cmocka_unit_test(a_bare_run_has_a_page),
    };
    return cmocka_run_group_tests_name("html", tests, NULL, NULL);
}
