#!/bin/sh
# Usage: cpp_misuse.sh INCLUDE_DIR FILE COMPILER...
# The compilers refuse those lines of FILE that are marked "refused", and no other ones.
set -u
include=$1 file=$2
shift 2
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
grep -n '// refused' "$file" | cut -d: -f1 >"$directory/marked"
failed=0 compiled=0
for compiler; do
  case $compiler in *NOTFOUND) continue ;; esac
  LC_ALL=C "$compiler" -std=c++11 -I "$include" -fsyntax-only "$file" >"$directory/log" 2>&1
  # Errors, and where a template of the headers was asked for what it has not.
  sed -n "s|^$file:\([0-9]*\):[0-9]*: error: .*|\1|p; s|^$file:\([0-9]*\):[0-9]*:   required from here.*|\1|p
    s|^$file:\([0-9]*\):[0-9]*: note: in instantiation of .*requested here.*|\1|p" "$directory/log" |
    sort -nu >"$directory/refused"
  if ! diff "$directory/marked" "$directory/refused" >"$directory/difference"; then
    echo "$compiler: lines that are marked and not refused (<), refused and not marked (>):" >&2
    cat "$directory/difference" >&2
    failed=1
  fi
  compiled=$((compiled + 1))
done
echo "$(wc -l <"$directory/marked") marked lines, $compiled compilers"
[ "$compiled" -gt 0 ] && [ "$failed" -eq 0 ] && [ -s "$directory/marked" ]
