// SPDX-License-Identifier: Apache-2.0
// The output forms, for the table of them.
#ifndef EB_REPORTS_REPORT_IMPL_H
#define EB_REPORTS_REPORT_IMPL_H

#include "reports/report.h"

extern const eb_report_ops eb_report_term, eb_report_md, eb_report_csv, eb_report_json, eb_report_html, eb_report_sql,
    eb_report_llama_json, eb_report_llama_csv, eb_report_llama_md;

#endif
