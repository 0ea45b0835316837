# Jetson AGX Orin: no rail is the total of the board, so there is none; two chips, one rail disabled and not connected.
. "$SRC/tests/fixtures/sysfs.sh"
agx_orin
energy
energy --boundary platform
