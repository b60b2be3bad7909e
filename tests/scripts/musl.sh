#!/bin/sh
# Usage: musl.sh MUSL_GCC SOURCE_DIR CK_INCLUDE_DIR FOLDER [HEADRACE]
# What is in FOLDER, of library and command, needs no call that only glibc has: it compiles with musl's headers, without
# the optional packages. With HEADRACE the command is linked too, statically, and gives the batches that HEADRACE gives.
set -eu
compiler=$1 source=$2 ck=$3 folder=$4 headrace=${5:-}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# musl-gcc sees musl's headers only; those of the kernel and of ConcurrencyKit lie among glibc's.
mkdir "$directory/include" "$directory/objects"
for header in /usr/include/linux /usr/include/asm-generic "/usr/include/$("$compiler" -print-multiarch)/asm" \
  "$ck"/ck_*.h "$ck/gcc"; do
  [ ! -e "$header" ] || ln -s "$header" "$directory/include/"
done

cd "$folder"
set -- "$compiler" -std=c11 -O0 -D_GNU_SOURCE -Wall -Wextra -Werror "-I$source/include" "-I$source/src" \
  -idirafter "$directory/include"
if [ -z "$headrace" ]; then
  find . -name "*.c" -print0 | xargs -0 -P "$(nproc)" -n 16 "$@" -fsyntax-only
  exit
fi
find -- * -name "*.c" -print0 | xargs -0 -P "$(nproc)" -I '{}' sh -c 'file=$1 objects=$2; shift 2
  exec "$@" -c "$file" -o "$objects/$(echo "$file" | tr / _).o"' sh '{}' "$directory/objects" "$@"
"$compiler" -static "$directory"/objects/*.o -o "$directory/headrace" -lm

cd "$source"
sum() { "$1" feed --json --workers 2 --sequence-length 64 'docs/*.md' README.md | grep -o '"checksum": *"[^"]*"'; }
sum "$headrace" >"$directory/wanted"
sum "$directory/headrace" | diff "$directory/wanted" - || { echo "musl: these batches differ"; exit 1; }
for test in info show decode; do sh "tests/scripts/cli_$test.sh" "$directory/headrace"; done
