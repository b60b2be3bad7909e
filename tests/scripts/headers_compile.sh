#!/bin/sh
# Usage: headers_compile.sh INCLUDE_DIR SUBDIR COMPILER...
# Compiles each header of INCLUDE_DIR/SUBDIR alone, and twice in a row, with warnings as errors: as
# C++17 when the compiler's name says so, else as C11. The INIT of every struct that begins with its size is used.
# Needs at least one header and one compiler.
set -u
include=$1 subdir=$2
shift 2
failed=0 compiled=0
for compiler; do
  case $compiler in
    *NOTFOUND) continue ;;
    *++*) language="-x c++ -std=c++17" ;;
    *) language="-x c -std=c11" ;;
  esac
  for header in "$include/$subdir"/*.h; do
    name=$subdir/$(basename "$header")
    {
      printf '#include <%s>\n#include <%s>\nint headers_compile;\n' "$name" "$name"
      sed -n 's/^#define \(BATCH_[A-Z_]*_INIT\) HEADRACE_OPTIONS_INIT(\([a-z_]*\))$/extern \2 \2_; \2 \2_ = \1;/p' "$header"
    } |
      "$compiler" $language -Wall -Wextra -Wpedantic -Wconversion -Werror -I "$include" -fsyntax-only - ||
      { echo "$name does not compile alone with $compiler" >&2; failed=1; }
    compiled=$((compiled + 1))
  done
done
echo "$compiled compilations"
[ "$compiled" -gt 0 ] && [ "$failed" -eq 0 ]
