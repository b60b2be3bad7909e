#!/bin/sh
# Usage: installation.sh CMAKE SOURCE_DIR BUILD_DIR COMPILER [FLAG...]
# A build is installed and the tree moved elsewhere. There README.md's example and consumer.c build and run, by
# find_package and by pkg-config, with the shared library and with the archive, and see nothing but that tree. What
# installing has put somewhere, uninstalling takes away. The same of a static library, unless there are FLAGs, which is
# built inside another project.
# What the library is in stays loaded: itself, or a plugin that is linked with the archive.
set -eu
cmake=$1 source=$2 build=$3 compiler=$4
shift 4
flags=$*
. "$source/tests/scripts/install.sh"

# stays FILE: it is not unloaded.
stays() { readelf -d "$1" | grep -q NODELETE || fail "$1 has -z nodelete"; }

removed="$directory/removed [x]"
quietly "$cmake" --install "$build" --prefix "$removed"
[ "$(find "$removed" -name '__init__.*.pyc' | wc -l)" -eq "$(find "$removed" -name __init__.py | wc -l)" ] ||
  fail "what is installed of Python is compiled"
echo mine >"$removed/share/headrace/mine"
uninstall="$cmake -D BUILD=$build -P $source/cmake/uninstall.cmake"
(DESTDIR=/nowhere && export DESTDIR && fails_with "was it installed with DESTDIR?" $uninstall)
quietly $uninstall
[ "$(find "$removed" -type f -o -type l)" = "$removed/share/headrace/mine" ] ||
  fail "uninstalling leaves what it has not installed, and nothing else"
[ ! -e "$removed/include/headrace" ] || fail "uninstalling leaves no folder of its own"
(DESTDIR=$directory/stage && export DESTDIR && quietly "$cmake" --install "$build" --component dev --prefix "$removed")
quietly "$cmake" --install "$build" --component runtime --prefix "$removed"
quietly $uninstall
[ -z "$(find "$directory/stage" -type f)" ] || fail "what was staged is removed from where it was staged"

install_moved "$build" asbuilt
for file in doc/headrace/LICENSE doc/headrace/README.md doc/headrace/docs/loader.md headrace/examples/train.c headrace/headrace.supp; do
  [ -f "$prefix/share/$file" ] || fail "share/$file is installed"
done
by_find_package asbuilt
tree=$directory/cmake.asbuilt
fails_with "compatible with requested version" project "$tree" -DWANTED="$(part MAJOR).$(($(part MINOR) + 1))"
if [ -f "$library/libheadrace.so" ] && grep -q 'set(headrace_parts .*lib' "$library/cmake/headrace/headraceConfig.cmake"; then
  # Without what the archive needs.
  PKG_CONFIG_LIBDIR=$directory/nowhere
  export PKG_CONFIG_LIBDIR
  quietly project "$directory/cmake.alone"
  fails_with "which are needed: threads" project "$directory/cmake.alone" -DCOMPONENTS=static
  unset PKG_CONFIG_LIBDIR
fi
by_pkg_config asbuilt
[ ! -f "$library/libheadrace.so" ] || stays "$library/libheadrace.so"
[ -z "$flags" ] || exit 0

quietly "$cmake" -S "$source/tests/subproject" -B "$directory/static" -DHEADRACE="$source" \
  -DCMAKE_C_COMPILER="$compiler" -DCMAKE_BUILD_TYPE=None -DHEADRACE_INSTALL=ON
quietly "$cmake" --build "$directory/static" --parallel 2
runs "$directory/static/program"
install_moved "$directory/static" static
if nm -g --defined-only "$library/libheadrace.a" | awk 'NF == 3 && $2 ~ /[A-TX-Z]/ { print $3 }' |
  grep -Ev '^(tensor|batch)_'; then
  fail "these names of the archive are in the way of a program's"
fi
if readelf -g "$library/libheadrace.a" | grep COMDAT; then
  fail "a group of the archive takes the place of a program's, whose hidden symbols it has made local"
fi
by_find_package static
by_pkg_config static
stays "$directory/cmake.static/libplugin.so"
stays "$directory/plugin.static.so"
