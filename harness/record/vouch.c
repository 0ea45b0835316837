// SPDX-License-Identifier: Apache-2.0
#include "harness/record/vouch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/journal_scan.h"
#include "harness/record/records.h"
#include "harness/record/run.h"

enum { BLOCK = 1 << 18, DIGITS = 16 };
static const size_t lines_limit = (size_t)1 << 30;
static const char own_key[] = "\"own_digest\":";

static void print_digest(uint64_t digest, char out[17])
{
    snprintf(out, DIGITS + 1, "%016llx", (unsigned long long)digest);
}

// ---- the raw files ----

// False where the file has fewer bytes.
static bool hash_bytes(int fd, uint64_t bytes, uint64_t *digest)
{
    char *block = eb_alloc(BLOCK);
    XXH64_state_t *state = XXH64_createState();
    bool ok = state && XXH64_reset(state, 0) == XXH_OK;
    for (uint64_t at = 0; ok && at < bytes;) {
        ssize_t n = read(fd, block, bytes - at < BLOCK ? (size_t)(bytes - at) : BLOCK);
        ok = n > 0 && XXH64_update(state, block, (size_t)n) == XXH_OK;
        at += ok ? (uint64_t)n : 0;
    }
    *digest = ok ? XXH64_digest(state) : 0;
    XXH64_freeState(state);
    free(block);
    return ok;
}

static void hash_file(const char *dir, const char *name, uint64_t bytes, char out[17])
{
    char *path = eb_path_join(dir, name);
    eb_err ignored;
    uint64_t digest;
    int fd = eb_file_open_regular(path, &ignored);
    out[0] = '\0';
    if (fd >= 0 && hash_bytes(fd, bytes, &digest))
        print_digest(digest, out);
    if (fd >= 0)
        close(fd);
    free(path);
}

void eb_vouch_csv(const char *dir, int csv, uint64_t bytes, char out[17])
{
    out[0] = '\0';
    if (bytes)
        hash_file(dir, eb_csv_names[csv], bytes, out);
}

static bool lines_fit(const char *dir, const cJSON *journal)
{
    char digest[17] = "";
    eb_err ignored = { 0 };
    size_t len = 0;
    char *path = eb_path_join(dir, EB_JOURNAL_LINES), *lines = eb_file_read_regular(path, lines_limit, &len, &ignored);
    while (lines && len && lines[len - 1] != '\n')
        len--;
    if (lines)
        eb_journal_digest(lines, len, digest);
    free(lines);
    free(path);
    return !strcmp(eb_json_str(journal, "digest", "-"), digest);
}

// ---- its own text ----

// Where the digits stand; NULL = there are none. No text from outside can hold the key: its quotes would be escaped.
static char *own_digits(const char *text)
{
    const char *at = strstr(text, own_key);
    at = at ? strchr(at + sizeof own_key - 1, '"') : NULL;
    return at && strspn(at + 1, "0123456789abcdef") == DIGITS ? (char *)(uintptr_t)(at + 1) : NULL;
}

// Of the text with zeros in that place.
static void own_digest(const char *text, const char *digits, char out[17])
{
    static const char zeros[] = "0000000000000000";
    XXH64_state_t *state = XXH64_createState();
    size_t before = (size_t)(digits - text), len = strlen(text);
    while (len && text[len - 1] == '\n')
        len--;
    out[0] = '\0';
    if (state && XXH64_reset(state, 0) == XXH_OK && XXH64_update(state, text, before) == XXH_OK &&
        XXH64_update(state, zeros, DIGITS) == XXH_OK &&
        XXH64_update(state, digits + DIGITS, len - before - DIGITS) == XXH_OK)
        print_digest(XXH64_digest(state), out);
    XXH64_freeState(state);
}

void eb_vouch_seal(char *text)
{
    char digest[17], *digits = own_digits(text);
    if (!digits)
        return;
    own_digest(text, digits, digest);
    if (digest[0])
        memcpy(digits, digest, DIGITS);
}

// ---- run.json ----

void eb_vouch_add(cJSON *json, const eb_journal_data *d)
{
    cJSON *obj = eb_json_add_obj(json, "journal");
    eb_json_add_str(obj, "digest", d->digest);
    cJSON *bytes = eb_json_add_obj(obj, "bytes"), *digests = eb_json_add_obj(obj, "digests");
    for (int i = 0; i < EB_CSV_COUNT; i++) {
        eb_json_add_u64(bytes, eb_csv_names[i], d->csv_bytes[i]);
        if (d->csv_digest[i][0])
            eb_json_add_str(digests, eb_csv_names[i], d->csv_digest[i]);
    }
    eb_json_add_str(obj, "own_digest", "0000000000000000");
}

// "effbench.run/7" is newer than "effbench.run/1"; what is no number after the same name, or one of more digits than 64
// bits hold, is damage, not a version.
static bool is_newer(const char *schema)
{
    enum { MOST_DIGITS = 18 };
    static const char known[] = EB_RUN_SCHEMA;
    size_t before = (size_t)(strchr(known, '/') + 1 - known), digits;
    if (strncmp(schema, known, before) != 0)
        return false;
    digits = strspn(schema + before, "0123456789");
    return digits > 0 && digits <= MOST_DIGITS && !schema[before + digits] &&
           atoll(schema + before) > atoll(known + before);
}

bool eb_vouch_newer(const char *dir, char *what, size_t size)
{
    eb_err ignored = { 0 };
    size_t len = 0;
    char *path = eb_path_join(dir, "run.json"), *text = eb_file_read_regular(path, lines_limit, &len, &ignored);
    cJSON *json = text ? eb_json_parse(text, len, path, &ignored) : NULL;
    const char *schema = eb_json_str(json, "schema", "");
    bool newer = is_newer(schema);
    if (newer)
        snprintf(what, size, "has schema %s, and this program knows %s", schema, EB_RUN_SCHEMA);
    cJSON_Delete(json);
    free(text);
    free(path);
    return newer;
}

static bool because(char *why, size_t size, const char *what, const char *how)
{
    snprintf(why, size, "%s %s", what, how);
    return false;
}

bool eb_vouch_check(const char *dir, const char *text, const cJSON *json, char *why, size_t size)
{
    const cJSON *journal = cJSON_GetObjectItemCaseSensitive(json, "journal");
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(journal, "bytes");
    const cJSON *digests = cJSON_GetObjectItemCaseSensitive(journal, "digests");
    char digest[17];
    const char *digits = own_digits(text);
    if (!cJSON_IsObject(bytes))
        return because(why, size, "it", "does not say of which raw files it is");
    if (digits) {
        own_digest(text, digits, digest);
        if (strncmp(digits, digest, DIGITS) != 0)
            return because(why, size, "it", "has changed since it was written");
    }
    if (!lines_fit(dir, journal))
        return because(why, size, EB_JOURNAL_LINES, "has changed since");
    for (int i = 0; i < EB_CSV_COUNT; i++) {
        double n = eb_json_num(bytes, eb_csv_names[i], 0);
        const char *said = eb_json_str(digests, eb_csv_names[i], NULL);
        if (!(n > 0 && n < 1e15))
            continue;
        eb_vouch_csv(dir, i, (uint64_t)n, digest);
        if (!digest[0] || (said && strcmp(said, digest) != 0))
            return because(why, size, eb_csv_names[i], digest[0] ? "has changed since" : "is not whole");
    }
    return true;
}
