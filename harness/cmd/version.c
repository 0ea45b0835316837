// SPDX-License-Identifier: Apache-2.0
// The version, in an object of its own so that only this one is rebuilt when it changes.
#include "harness/cmd/cmd.h"

#ifndef EB_VERSION
#define EB_VERSION "unversioned"
#endif

const char eb_version[] = EB_VERSION;
