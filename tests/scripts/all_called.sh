#!/bin/sh
# Usage: all_called.sh NM LIBRARY PROGRAM
# The program calls every function that the library exports: what faults are given then is all of the library.
set -u
nm=$1 library=$2 program=$3
export LC_ALL=C
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
functions() { "$nm" -D "$1" "$2" | awk '{print $NF}' | sed 's/@.*//' | grep -E '^(tensor|batch)_' | sort -u; }
functions --defined-only "$library" >"$directory/exported"
functions --undefined-only "$program" >"$directory/called"
if [ ! -s "$directory/exported" ]; then
  echo "$library exports nothing" >&2
  exit 1
fi
if comm -23 "$directory/exported" "$directory/called" | grep .; then
  echo "$(basename "$program") does not call these" >&2
  exit 1
fi
