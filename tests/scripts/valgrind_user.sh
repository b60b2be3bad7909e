#!/bin/sh
# Usage: valgrind_user.sh VALGRIND SUPPRESSIONS PROGRAM
# A user's program is clean under Memcheck, no block possibly lost either; the library's own words are quiet under
# Helgrind and DRD with the suppressions that are installed, and are not without them.
set -eu
valgrind=$1 suppressions=$2 program=$3
log=$(mktemp)
trap 'rm -f "$log"' EXIT
look() {
  "$valgrind" -q --error-exitcode=9 "$@" >"$log" 2>&1
}
look --leak-check=full --errors-for-leak-kinds=definite,possible "$program" || { cat "$log" && exit 1; }
for tool in helgrind drd; do
  look --tool=$tool --suppressions="$suppressions" "$program" blind || { cat "$log" && exit 1; }
  if look --tool=$tool "$program" blind; then
    echo "$tool says nothing without the suppressions: what are they for?" && exit 1
  fi
done
