#!/bin/sh
# Usage: musl.sh MUSL_GCC SOURCE_DIR CK_INCLUDE_DIR HEADRACE [FOLDER]
# Library and command need no call that only glibc has: all of src (or FOLDER) compiles with musl's headers, without the
# optional packages, and the command, linked statically with musl, gives the batches that HEADRACE gives.
set -eu
compiler=$1 source=$2 ck=$3 headrace=$4 folder=${5:-$2/src}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

# musl-gcc sees musl's headers only; those of the kernel and of ConcurrencyKit lie among glibc's.
mkdir "$directory/include" "$directory/objects"
for header in /usr/include/linux /usr/include/asm-generic "/usr/include/$("$compiler" -print-multiarch)/asm" \
  "$ck"/ck_*.h "$ck/gcc"; do
  [ ! -e "$header" ] || ln -s "$header" "$directory/include/"
done

cd "$folder"
# shellcheck disable=SC2016
find -- * -name '*.c' | xargs -P "$(nproc)" -I '{}' sh -c 'file=$1 objects=$2; shift 2
  exec "$@" -c "$file" -o "$objects/$(echo "$file" | tr / _).o"' sh '{}' "$directory/objects" \
  "$compiler" -std=c11 -O0 -D_GNU_SOURCE -Wall -Wextra -Werror "-I$source/include" "-I$source/src" \
  -idirafter "$directory/include"
"$compiler" -static "$directory"/objects/*.o -o "$directory/headrace" -lm

cd "$source"
sum() { "$1" feed --json --workers 2 --sequence-length 64 'docs/*.md' README.md | grep -o '"checksum": *"[^"]*"'; }
sum "$headrace" >"$directory/wanted"
sum "$directory/headrace" | diff "$directory/wanted" - || { echo "musl: these batches differ"; exit 1; }
for test in info show decode; do sh "tests/scripts/cli_$test.sh" "$directory/headrace"; done
