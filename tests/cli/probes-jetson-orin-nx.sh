# Jetson Orin NX: VDD_IN is the total of the board, and nothing is added to it.
. "$SRC/tests/fixtures/sysfs.sh"
orin_nx
energy
energy --boundary platform
