#!/bin/sh
# Usage: exported_symbols.sh NM READELF LIBRARY HEADER_DIR
# The library exports functions named tensor_* and batch_* and nothing else, they are exactly those that the headers
# mark with HEADRACE_API, each has the symbol version that base.h's version makes, and the soname says the same.
set -u
nm=$1 readelf=$2 library=$3 headers=$4
export LC_ALL=C
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
part() { sed -n "s/^#define HEADRACE_VERSION_$1 //p" "$headers/base.h"; }
abi=$(part MAJOR).$(part MINOR) node=HEADRACE_$(part MAJOR).$(part MINOR)
"$nm" -D --defined-only "$library" | awk '{print $2, $3}' | grep -vx "A $node" | sort >"$directory/exported"
sed 's/^. //; s/@.*//' "$directory/exported" >"$directory/names"
sed -n 's/^HEADRACE_API [^(]*[ *]\([a-z0-9_]*\)(.*/\1/p' "$headers"/*.h | sort >"$directory/declared"
failed=0
if [ ! -s "$directory/names" ]; then
  echo "$library exports nothing" >&2
  failed=1
fi
if grep -Ev '^[TWi] (tensor|batch)_[a-z0-9_]*(@|$)' "$directory/exported"; then
  echo "these are exported and are no tensor_ or batch_ function" >&2
  failed=1
fi
if grep -v "@@$node\$" "$directory/exported"; then
  echo "these have not the version $node" >&2
  failed=1
fi
if ! "$readelf" -d "$library" | grep -F "soname: [libheadrace.so.$abi]" >"$directory/soname"; then
  echo "the soname is not libheadrace.so.$abi" >&2
  failed=1
fi
if [ "$(grep -c '^HEADRACE_API' "$headers"/*.h | awk -F: '{n += $2} END {print n}')" -ne \
     "$(wc -l <"$directory/declared")" ]; then
  echo "a HEADRACE_API declaration of another form than this script reads" >&2
  failed=1
fi
if ! diff "$directory/declared" "$directory/names"; then
  echo "< declared and not exported, > exported and not declared" >&2
  failed=1
fi
exit $failed
