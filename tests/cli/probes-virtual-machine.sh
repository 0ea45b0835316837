# No powercap because this is a guest.
mkdir -p root/proc
printf 'processor\t: 0\nflags\t\t: fpu vme hypervisor avx\n' >root/proc/cpuinfo
"$EFFBENCH" probes --quick --sysroot root | sed -n '1,/^  stated/p' | grep -v '^  stated'
