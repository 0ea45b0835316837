# SPDX-License-Identifier: Apache-2.0
# What `effbench report` says when it is asked for what it does not have; every folder is tried.
try() { "$EFFBENCH" report "$@" && return; echo "exit $?" >&2; }
mkdir empty
try
try --format tem empty
try --format excel empty
try --plot empty
try empty nowhere
