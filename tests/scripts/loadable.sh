#!/bin/sh
# Usage: loadable.sh READELF LIBRARY
# A program can open the library at any time and close it: its thread-local variables are few bytes, since they
# lie in the static block, of which little is left late; and it stays where it is, since threads have its destructors.
set -eu
readelf=$1 library=$2
bytes=$("$readelf" -lW "$library" | awk '$1 == "TLS" {print $6}')
if [ $((${bytes:-0})) -gt 64 ]; then
  echo "$library has $((bytes)) bytes of thread-local variables, expected at most 64" >&2
  exit 1
fi
"$readelf" -dW "$library" | grep -q 'NODELETE' || { echo "$library goes with dlclose" >&2; exit 1; }
