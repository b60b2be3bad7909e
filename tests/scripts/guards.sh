#!/bin/sh
# Usage: guards.sh FOLDER...
# No two headers have the same include guard: of two, the second that is included is silently empty.
set -eu
guards=$(find "$@" -name '*.h' -exec awk '/^#ifndef [A-Z0-9_]+_H$/ { print $2, FILENAME; nextfile }' {} +)
[ -n "$guards" ] || { echo "guards: no header in $*"; exit 1; }
shared=$(echo "$guards" | awk '{ files[$1] = files[$1] " " $2; if (++n[$1] > 1) shared[$1] }
  END { for (guard in shared) print "guards: " guard " is that of" files[guard] }')
[ -z "$shared" ] || { echo "$shared"; exit 1; }
echo "guards: $(echo "$guards" | wc -l) headers"
