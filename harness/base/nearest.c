// SPDX-License-Identifier: Apache-2.0
// The word that was meant: among those that there are, the nearest to one that is not there.
#include <ctype.h>
#include <string.h>

#include "harness/base/option.h"

enum { WORD_MAX = 48 };

static int min3(int a, int b, int c)
{
    int m = a < b ? a : b;
    return m < c ? m : c;
}

// Edits (insert, delete, replace, swap of neighbours) between two words of at most WORD_MAX letters.
static int distance(const char *a, int n, const char *b, int m)
{
    int rows[3][WORD_MAX + 1];
    for (int j = 0; j <= m; j++)
        rows[0][j] = j;
    for (int i = 1; i <= n; i++) {
        int *row = rows[i % 3], *up = rows[(i + 2) % 3], *up2 = rows[(i + 1) % 3];
        row[0] = i;
        for (int j = 1; j <= m; j++) {
            int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);
            row[j] = min3(up[j] + 1, row[j - 1] + 1, up[j - 1] + (ca != cb));
            bool swapped =
                i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) && cb == tolower((unsigned char)a[i - 2]);
            if (swapped && up2[j - 2] + 1 < row[j])
                row[j] = up2[j - 2] + 1;
        }
    }
    return rows[n % 3][m];
}

// Letters and digits alone, small: "Q4_K-M" and "q4km" are the same word. out holds WORD_MAX + 1.
static void plain(const char *word, char *out)
{
    size_t n = 0;
    for (; *word && n < WORD_MAX; word++)
        if (isalnum((unsigned char)*word))
            out[n++] = (char)tolower((unsigned char)*word);
    out[n] = '\0';
}

// Length of `longer` where the word is its beginning, both plain; 0 where it is not.
static size_t shared(const char *word, const char *longer)
{
    char a[WORD_MAX + 1], b[WORD_MAX + 1];
    plain(word, a);
    plain(longer, b);
    size_t n = strlen(a);
    return strncmp(a, b, n) == 0 ? strlen(b) : 0;
}

// The shortest that begins with the word, whole = of its own length alone; "q8" is q8_0. -1 = none.
static int same_or_longer(const char *word, const char *const *candidates, int n, bool whole)
{
    int best = -1;
    size_t own = shared(word, word), least = SIZE_MAX;
    for (int i = 0; i < n && own >= 2; i++) {
        size_t len = shared(word, candidates[i]);
        if (len && len < least && (!whole || len == own)) {
            best = i;
            least = len;
        }
    }
    return best;
}

// The longest that the word begins with: "prompt_tokens" is prompt.
static const char *shorter(const char *word, const char *const *candidates, int n)
{
    enum { LETTERS_MIN = 4 };
    const char *best = NULL;
    size_t most = LETTERS_MIN - 1;
    for (int i = 0; i < n; i++) {
        size_t len = shared(candidates[i], candidates[i]);
        if (len > most && shared(candidates[i], word)) {
            best = candidates[i];
            most = len;
        }
    }
    return best;
}

const char *eb_nearest(const char *word, const char *const *candidates, int n)
{
    int len = (int)strnlen(word, WORD_MAX + 1), limit = len <= 3 ? 1 : len <= 6 ? 2 : len / 3;
    if (len == 0 || len > WORD_MAX)
        return NULL;
    int same = same_or_longer(word, candidates, n, true);
    if (same >= 0)
        return candidates[same];
    const char *best = NULL;
    for (int i = 0; i < n; i++) {
        size_t clen = strlen(candidates[i]);
        if (clen > WORD_MAX)
            continue;
        int d = distance(word, len, candidates[i], (int)clen);
        if (d <= limit && d < (int)clen) {
            best = candidates[i];
            limit = d - 1; // only nearer ones from here on; the first of equals wins
        }
    }
    int longer = best ? -1 : same_or_longer(word, candidates, n, false);
    if (longer >= 0)
        return candidates[longer];
    return best ? best : shorter(word, candidates, n);
}
