# SPDX-License-Identifier: Apache-2.0
# An output that is there already and may not be read is not called "no model file", and stays as it is.
"$EFFBENCH" model make --shape tiny-llama -o m.gguf >/dev/null
cp m.gguf before
chmod 0 m.gguf
run=
if [ "$(id -u)" = 0 ]; then # who may read everything
    command -v setpriv >/dev/null || { echo "root reads every file, and there is no setpriv" >&2; exit 77; }
    run="setpriv --reuid=65534 --clear-groups --inh-caps=-all"
    chmod a+rx .
    cp "$EFFBENCH" program
    chmod a+rx program
    EFFBENCH=$PWD/program
    $run "$EFFBENCH" --version >/dev/null 2>&1 || { echo "another user cannot run programs of this folder" >&2; exit 77; }
fi
rc=0
$run "$EFFBENCH" model make --shape tiny-llama -o m.gguf || rc=$?
echo "exit $rc"
chmod 600 m.gguf
cmp m.gguf before
