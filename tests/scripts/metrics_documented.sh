#!/bin/sh
# Usage: metrics_documented.sh FAMILIES DOCUMENT
# The table of DOCUMENT has each metric of families.c once, with its type, and no others.
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT

{
  echo 'headrace_build_info gauge'
  tr '\n' ' ' <"$1" | grep -oE ' (LOADER|QUEUE|POOL|SPHERES|TOKENIZE)\((COUNTER|GAUGE|SECONDS), [a-z_]+, +"[a-z_]+"' |
    sed -E 's/^ ([A-Z]+)\(([A-Z]+), [a-z_]+, +"([a-z_]+)"/\1 \3 \2/; s/SECONDS$/COUNTER/' |
    while read -r kind name type; do echo "headrace_${kind}_$name $type"; done | tr '[:upper:]' '[:lower:]'
} | sort >"$scratch/made"
sed -nE 's/^\| `(headrace_[a-z_]+)` \| (counter|gauge) \| .+/\1 \2/p' "$2" | sort >"$scratch/told"
[ "$(wc -l <"$scratch/made")" -gt 30 ] || { echo "fewer than 30 metrics found in $1"; exit 1; }
diff "$scratch/made" "$scratch/told"
