// SPDX-License-Identifier: Apache-2.0
// Lists of words in a text of fixed size, for hints.
#ifndef EB_BASE_WORDS_H
#define EB_BASE_WORDS_H

#include <stddef.h>

// Adds `word` behind what is in buf, with `separator` between two. Words are whole: once one does not fit, "..." stands
// for it and for all that come after it. buf begins as "" and has room for "..." and a separator at least.
void eb_words_add(char *buf, size_t size, const char *separator, const char *word);

#endif
