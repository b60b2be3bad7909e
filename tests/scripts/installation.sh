#!/bin/sh
# Usage: installation.sh CMAKE SOURCE_DIR BUILD_DIR COMPILER [FLAG...]
# A build is installed and the tree moved elsewhere. There README.md's example and consumer.c build and run, by
# find_package and by pkg-config, and see nothing but that tree. The same of a static library, unless there are FLAGs,
# which is built inside another project.
# What the library is in stays loaded: itself, or a plugin that is linked with the archive.
set -eu
cmake=$1 source=$2 build=$3 compiler=$4
shift 4
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 "$source/tests/docs/blocks.py" file "$source/README.md" example.c >"$directory/example.c"
part() { sed -n "s/^#define HEADRACE_VERSION_$1 //p" "$source/include/headrace/base.h"; }
minor=$(part MAJOR).$(part MINOR)

quietly() { "$@" >"$directory/log" 2>&1 || { cat "$directory/log"; exit 1; }; }

# runs PROGRAM...: each ends with 0.
runs() {
  for program; do (cd "$directory" && LD_LIBRARY_PATH=$library timeout 60 "$program" >"$directory/log") ||
    { cat "$directory/log"; echo "$program failed"; exit 1; }; done
}

# install BUILD KIND: into $prefix, which it was not installed to.
install() {
  quietly "$cmake" --install "$1" --prefix "$directory/first"
  prefix=$directory/moved.$2
  mv "$directory/first" "$prefix"
  library=$(dirname "$(find "$prefix" -name 'libheadrace.*' | head -n 1)")
  for program in bin/headrace libexec/headrace/headrace-bench; do
    [ ! -e "$prefix/$program" ] || quietly "$prefix/$program" --help
  done
}

by_find_package() {
  tree=$directory/cmake.$1
  quietly "$cmake" -S "$source/tests/install" -B "$tree" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_C_FLAGS="$flags" -DEXAMPLE="$directory/example.c" -DWANTED="$minor"
  quietly "$cmake" --build "$tree"
  runs "$tree/consumer" "$tree/example"
  "$cmake" -S "$source/tests/install" -B "$tree.other" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DEXAMPLE="$directory/example.c" -DWANTED="$(part MAJOR).$(($(part MINOR) + 1))" >"$directory/log" 2>&1 || true
  grep -q "compatible with requested version" "$directory/log" ||
    { echo "find_package took $minor for the next minor version" && exit 1; }
}

by_pkg_config() {
  PKG_CONFIG_PATH=$library/pkgconfig
  export PKG_CONFIG_PATH
  [ "$(pkg-config --modversion headrace)" = "$minor.$(part PATCH)" ]
  for program in consumer example; do
    file=$directory/$program.c
    [ -f "$file" ] || file=$source/tests/install/$program.c
    # shellcheck disable=SC2046,SC2086
    quietly "$compiler" -std=c11 $flags "$file" -o "$directory/$program.$1" $(pkg-config --cflags --libs headrace)
    runs "$directory/$program.$1"
  done
  # shellcheck disable=SC2046,SC2086
  quietly "$compiler" -std=c11 -shared -fPIC $flags "$source/tests/install/consumer.c" -o "$directory/plugin.$1.so" \
    $(pkg-config --cflags --libs headrace)
}

# stays FILE: it is not unloaded.
stays() { readelf -d "$1" | grep -q NODELETE || { echo "$1 has no -z nodelete" && exit 1; }; }

flags=$*
install "$build" asbuilt
by_find_package asbuilt
by_pkg_config asbuilt
[ ! -f "$library/libheadrace.so" ] || stays "$library/libheadrace.so"
if [ -f "$library/libheadrace.so" ] && [ -f "$library/libheadrace.a" ]; then # the archive beside it
  # shellcheck disable=SC2046,SC2086
  quietly "$compiler" -std=c11 $flags "$source/tests/install/consumer.c" -o "$directory/archive" \
    $(pkg-config --cflags --libs headrace-static)
  (library=/nowhere && runs "$directory/archive")
fi
[ -z "$flags" ] || exit 0

quietly "$cmake" -S "$source/tests/subproject" -B "$directory/static" -DHEADRACE="$source" \
  -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=None -DHEADRACE_CLI=ON -DHEADRACE_INSTALL=ON
quietly "$cmake" --build "$directory/static" --parallel 2
runs "$directory/static/program"
install "$directory/static" static
if nm -g --defined-only "$library/libheadrace.a" | awk 'NF == 3 && $2 ~ /[A-TX-Z]/ { print $3 }' |
  grep -Ev '^(tensor|batch)_'; then
  echo "these names of the archive are in the way of a program's"
  exit 1
fi
by_find_package static
by_pkg_config static
stays "$directory/cmake.static/libplugin.so"
stays "$directory/plugin.static.so"
