# Temperature, frequency and throttling of a laptop; a zone that is not the processor's is hotter and does not count.
. "$SRC/tests/fixtures/sysfs.sh"
thermal 0 acpitz 99000
thermal 1 x86_pkg_temp 61500
thermal 2 iwlwifi_1 70000
speed 0 1800000 3 7 0
speed 1 2200000 4 7 0
"$EFFBENCH" probes --sysroot "$ROOT" | sed -n '/^  thermal/,/^  [a-z]* /p'
"$EFFBENCH" probes --sysroot "$ROOT" --format json |
    sed -n '/"name":.*thermal\//,/}/p' | grep -E '"(name|label|domain|grade|value|quantity|cumulative|status)"'
