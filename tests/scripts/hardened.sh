#!/bin/sh
# Usage: hardened.sh READELF FILE...
# Programs and shared libraries have the linker's and the compiler's protections: tables of the linker that are
# written once (RELRO, BIND_NOW), code that may lie anywhere, no stack that can be run, canaries, checked calls of
# the C library.
set -u
readelf=$1
shift
faults=0
fault() {
  echo "hardened: $file: $1"
  faults=$((faults + 1))
}
for file; do
  headers=$("$readelf" -lW "$file") dynamic=$("$readelf" -dW "$file") symbols=$("$readelf" --dyn-syms -W "$file")
  has() { printf '%s\n' "$1" | grep -qE "$2"; }
  has "$headers" '^Elf file type is DYN' || fault "not position independent"
  has "$headers" '^ *GNU_RELRO ' || fault "no RELRO"
  has "$dynamic" 'BIND_NOW|FLAGS_1.*NOW' || fault "no BIND_NOW"
  has "$headers" '^ *GNU_STACK .* RW +0x' || fault "a stack that can be run"
  has "$symbols" '__stack_chk_fail' || fault "no stack protector"
  has "$symbols" '__[a-z]+_chk(@|$)' || fault "no checked call of the C library"
  ! has "$dynamic" 'TEXTREL' || fault "code that is written to when it is loaded"
done
[ $# -gt 0 ] || { echo "hardened: no file" && exit 1; }
echo "hardened: $faults faults in $# files"
[ "$faults" -eq 0 ]
