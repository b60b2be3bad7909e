#!/bin/sh
# Usage: exported_symbols.sh NM LIBRARY HEADER_DIR
# The library exports functions named tensor_* and batch_* and nothing else, and they are exactly
# those that the headers mark with HEADRACE_API.
set -u
nm=$1 library=$2 headers=$3
export LC_ALL=C
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
"$nm" -D --defined-only "$library" | awk '{print $2, $3}' | sort >"$directory/exported"
awk '{print $2}' "$directory/exported" >"$directory/names"
sed -n 's/^HEADRACE_API [^(]*[ *]\([a-z0-9_]*\)(.*/\1/p' "$headers"/*.h | sort >"$directory/declared"
failed=0
if [ ! -s "$directory/names" ]; then
  echo "$library exports nothing" >&2
  failed=1
fi
if grep -Ev '^[TWi] (tensor|batch)_[a-z0-9_]*$' "$directory/exported"; then
  echo "these are exported and are no tensor_ or batch_ function" >&2
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
