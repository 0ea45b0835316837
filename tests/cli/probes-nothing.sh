# Nothing at all to measure with: said, with what to do, and no failure. Nothing of the real machine is shown.
mkdir root
"$EFFBENCH" probes --quick --sysroot root
