#!/bin/sh
# Usage: cpp_standards.sh INCLUDE_DIR COMPILER:STANDARD... -- FILE...
# Each FILE compiles with each COMPILER for its STANDARD (11, 2b), with warnings as errors. A compiler that is NOTFOUND, or has not
# the standard, is passed over. With LIBRARY_DIR in the environment the files are also linked and run, and the C++ headers compile
# each alone with the first one.
set -u
include=$1 first=$2 compiled=0
shift
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT

# compile COMPILER:STANDARD WORD...
compile() {
  compiler=${1%:*} standard=${1##*:}
  shift
  compiled=$((compiled + 1))
  "$compiler" -std="c++$standard" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Werror \
    -I "$include" "$@" && return
  echo "$* does not compile as C++$standard with $compiler" >&2
  exit 1
}

has_standard() {
  case $1 in *NOTFOUND:*) return 1 ;; esac
  echo | "${1%:*}" -std="c++${1##*:}" -x c++ -fsyntax-only - 2>"$directory/log"
}

pairs=
while [ "$1" != -- ]; do
  ! has_standard "$1" || pairs="$pairs $1"
  shift
done
shift
for pair in $pairs; do
  for file; do
    if [ -z "${LIBRARY_DIR-}" ]; then
      compile "$pair" -fsyntax-only "$file"
    else
      compile "$pair" -pthread -o "$directory/run" "$file" -L "$LIBRARY_DIR" -lheadrace
      LD_LIBRARY_PATH=$LIBRARY_DIR "$directory/run" || { echo "$file with $pair fails" >&2; exit 1; }
    fi
  done
done
if [ -n "${LIBRARY_DIR-}" ]; then
  for header in "$include"/headrace/*.hpp; do
    printf '#include <headrace/%s>\n#include <headrace/%s>\n' "${header##*/}" "${header##*/}" >"$directory/alone.cpp"
    compile "$first" -fsyntax-only "$directory/alone.cpp"
  done
fi
echo "$compiled compilations"
[ "$compiled" -gt 0 ]
