// SPDX-License-Identifier: Apache-2.0
// The style sheet and the script of the page, as text in the program; the Makefile makes them from reports/assets/.
#ifndef EB_REPORTS_ASSETS_H
#define EB_REPORTS_ASSETS_H

extern const char eb_asset_css[], eb_asset_js[];
extern const char eb_asset_js_sha256[]; // base64, for the page's content policy

#endif
