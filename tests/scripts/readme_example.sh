#!/bin/sh
# Usage: readme_example.sh README [COMPILER INCLUDE_DIR LIBRARY_DIR [FLAG...]]
# The first C block of the README is a whole program that compiles without a warning and runs. With a README alone it
# is printed.
set -u
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
awk '/^```c$/ && !seen { inside = seen = 1; next } /^```/ { inside = 0 } inside' "$1" >"$directory/example.c"
if [ ! -s "$directory/example.c" ]; then
  echo "$1 has no C example" >&2
  exit 1
fi
if [ $# -eq 1 ]; then
  cat "$directory/example.c"
  exit
fi
compiler=$2 include=$3 library=$4
shift 4
"$compiler" -std=c11 -Wall -Wextra -Werror "$@" -I "$include" "$directory/example.c" -o "$directory/example" \
  -L "$library" -lheadrace -Wl,-rpath,"$library" -pthread || exit 1
cd "$directory" && timeout 20 ./example
