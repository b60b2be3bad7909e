#!/bin/sh
# Usage: installed_files.sh CMAKE BUILD COMPONENT LIST LIBDIR DOCDIR
# A component installs what its list says: a shell pattern a line, in which LIBDIR and DOCDIR stand for the folders, and
# a line that begins with ? is of what some builds leave out.
set -eu
cmake=$1 build=$2 component=$3 list=$4 libdir=$5 docdir=$6
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
"$cmake" --install "$build" --component "$component" --prefix "$directory/tree" >"$directory/log" 2>&1 ||
  { cat "$directory/log"; exit 1; }
(cd "$directory/tree" && find . ! -type d | sed 's|^\./||') >"$directory/files"
sed -n "s|LIBDIR|$libdir|; s|DOCDIR|$docdir|; /^[^#]/p" "$list" >"$directory/patterns"

# matches FILE PATTERN
matches() {
  # shellcheck disable=SC2254
  case $1 in ${2#\?}) ;; *) return 1 ;; esac
}

faults=0
fault() {
  echo "$list: $1"
  faults=$((faults + 1))
}
while read -r file; do
  known=
  while read -r pattern; do ! matches "$file" "$pattern" || known=yes; done <"$directory/patterns"
  [ -n "$known" ] || fault "$file is on no line of it"
done <"$directory/files"
while read -r pattern; do
  found=${pattern%"${pattern#\?}"}
  while read -r file; do ! matches "$file" "$pattern" || found=yes; done <"$directory/files"
  [ -n "$found" ] || fault "nothing is installed for $pattern"
done <"$directory/patterns"
echo "$component: $faults faults in $(wc -l <"$directory/files") files"
[ "$faults" -eq 0 ]
