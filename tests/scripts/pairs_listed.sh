#!/bin/sh
# Usage: pairs_listed.sh PAGE SRC
# Every pair of memory orders that a comment in SRC names stands in PAGE, and the page names none that no comment does,
# and no function that is not there.
set -eu
page=$1 src=$2
names() { tr -cs 'A-Z_' '\n' | grep -xE '[A-Z][A-Z_]{2,}' | sort -u || true; }
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
what='(relaxed|acquire|release|acq_rel|seq_cst|pairs with)'
for form in "\b[A-Z][A-Z_]{2,}: $what" "pairs with [A-Z_]{3,}\b"; do
  grep -rhoE "$form" --include='*.[ch]' "$src"
done | names >"$directory/named"
sed -n '/^| pair |/,/^$/s/^| \([A-Z][A-Z_ -]*\) |.*/\1/p' "$page" | names >"$directory/listed"
[ -s "$directory/named" ] || { echo "pairs_listed: no pair in $src"; exit 1; }
for function in $(sed -n '/^| pair |/,/^$/p' "$page" | grep -oE '`[a-z_]+`' | tr -d '`' | sort -u); do
  grep -rqE --include='*.[ch]' "\b$function\(" "$src" || { echo "pairs_listed: $page: no $function in $src"; exit 1; }
done
diff "$directory/named" "$directory/listed" || { echo "pairs_listed: < named in $src, > listed in $page"; exit 1; }
