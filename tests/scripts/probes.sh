#!/bin/sh
# Usage: probes.sh READELF LIBRARY DOCUMENT [control]
# The library has the probes of DOCUMENT's table, each with so many arguments, and no other. Control: the table without its
# first line, with another one, and with an argument more.
set -u
readelf=$1 library=$2 document=$3
export LC_ALL=C
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
"$readelf" -n "$library" | awk '
  /Provider:/ { ours = $2 == "headrace" }
  /Name:/ { name = $2 }
  /Arguments:/ && ours { print name, NF - 1 }' | sort -u >"$directory/built"
awk -F ' *\\| *' '/^\| probe \|/ { table = 1; next } !/^\|/ { table = 0 }
  table && $2 ~ /^`/ { gsub("`", "", $2); print $2, split($3, arguments, ",") }' "$document" | sort -u >"$directory/documented"
if [ "${4-}" = control ]; then
  sed -i '1d; 2s/$/0/; $aprobe_of_nobody 1' "$directory/documented"
fi
diff "$directory/documented" "$directory/built" >"$directory/difference" ||
  { echo "documented (<) and built (>) probes, with their numbers of arguments:"; cat "$directory/difference"; }
echo "$(wc -l <"$directory/built") probes"
[ ! -s "$directory/difference" ] && [ -s "$directory/built" ]
