// SPDX-License-Identifier: Apache-2.0
// Fields of a CSV line: quoted as RFC 4180 says; what is not known is empty.
#ifndef EB_REPORTS_CSV_TEXT_H
#define EB_REPORTS_CSV_TEXT_H

#include <stdio.h>

void eb_csv_put_text(FILE *out, const char *s);
// The fewest digits that read back equal; nothing for what is not finite.
void eb_csv_put_number(FILE *out, double value);

#endif
