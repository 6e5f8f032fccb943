#!/bin/sh
# Stands in for QEMU in the tests of qemu.rs: takes the same arguments. The "kernel" is what comes
# out of the serial line, the "machine" is how it goes on.
while [ $# -gt 0 ]; do
    case $1 in
        -machine) machine=$2 ;;
        -serial) serial=${2#file:} ;;
        -kernel) kernel=$2 ;;
    esac
    shift
done
echo 'mps2_fpgaio_write MPS2 FPGAIO write: offset 0x0 data 0x1 size 4' >&2
cat "$kernel" >>"$serial"
case $machine in
    stays) exec sleep 1000 ;;
    dies)
        echo 'the machine is on fire' >&2
        exit 3
        ;;
esac
