#!/bin/sh
# Usage: installation.sh CMAKE BUILD_DIR CONSUMERS_DIR COMPILER [FLAG...]
# Installs a build into an empty prefix; a consumer with find_package and one with pkg-config then
# see nothing but that prefix.
set -eu
cmake=$1 build=$2 consumers=$3 compiler=$4
shift 4
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
prefix=$directory/prefix
"$cmake" --install "$build" --prefix "$prefix" >"$directory/log" || { cat "$directory/log"; exit 1; }
library=$(dirname "$(find "$prefix" -name 'libheadrace.*' | head -n 1)")

"$cmake" -S "$consumers" -B "$directory/cmake" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
  -DCMAKE_C_FLAGS="$*" >"$directory/log" || { cat "$directory/log"; exit 1; }
"$cmake" --build "$directory/cmake" >"$directory/log" || { cat "$directory/log"; exit 1; }
"$directory/cmake/consumer"

pc=$(find "$prefix" -name headrace.pc)
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" --cflags --libs headrace)
# shellcheck disable=SC2086
"$compiler" -std=c11 "$@" "$consumers/consumer.c" -o "$directory/consumer" $flags
LD_LIBRARY_PATH=$library "$directory/consumer"
