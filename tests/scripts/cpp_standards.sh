#!/bin/sh
# Usage: cpp_standards.sh INCLUDE_DIR COMPILER... -- FILE...
# Each FILE compiles as C++11, 14, 17 and 20 with every COMPILER, and the C++ headers do so each alone, with warnings as errors.
# With LIBRARY_DIR in the environment, also as C++23 where the compiler has it, and the files are linked and run.
set -u
include=$1
shift
compilers= compiled=0
while [ "$1" != -- ]; do
  case $1 in *NOTFOUND) ;; *) compilers="$compilers $1" ;; esac
  shift
done
shift
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT

# compile COMPILER STANDARD WORD...
compile() {
  compiler=$1 standard=$2
  shift 2
  compiled=$((compiled + 1))
  "$compiler" -std="c++$standard" -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wold-style-cast -Wnon-virtual-dtor -Werror -I "$include" "$@" && return
  echo "$* does not compile as C++$standard with $compiler" >&2
  exit 1
}

for compiler in $compilers; do
  standards="11 14 17 20"
  [ -n "${LIBRARY_DIR-}" ] && echo | "$compiler" -std=c++2b -x c++ -fsyntax-only - 2>"$directory/log" && standards="$standards 2b"
  for standard in $standards; do
    for file; do
      if [ -z "${LIBRARY_DIR-}" ]; then
        compile "$compiler" "$standard" -fsyntax-only "$file"
      else
        compile "$compiler" "$standard" -pthread -o "$directory/run" "$file" -L "$LIBRARY_DIR" -lheadrace
        LD_LIBRARY_PATH=$LIBRARY_DIR "$directory/run" ||
          { echo "$file as C++$standard with $compiler fails" >&2; exit 1; }
      fi
    done
  done
done
set -- $compilers
for header in "$include"/headrace/*.hpp; do
  printf '#include <headrace/%s>\n#include <headrace/%s>\n' "${header##*/}" "${header##*/}" >"$directory/alone.cpp"
  compile "$1" 11 -fsyntax-only "$directory/alone.cpp"
done
echo "$compiled compilations"
[ "$compiled" -gt 0 ]
