#!/bin/sh
# Usage: installation_ways.sh CMAKE SOURCE_DIR
# Every way to build, install and use the library that docs/installing.md names: with make and ninja, gcc and clang, from
# C alone, C++ alone and both, in folders with blanks and by their whole paths, staged with DESTDIR, fetched by a project in
# C++ alone, without a C++ compiler, with and without each optional part.
set -eu
cmake=$1 source=$2 compiler=cc flags=
. "$source/tests/scripts/install.sh"
lean="-DHEADRACE_BENCH=OFF -DHEADRACE_EXAMPLES=OFF -DBUILD_TESTING=OFF"

# configure BUILD OPTION...
configure() {
  configured=$1
  shift
  quietly "$cmake" -S "$source" -B "$configured" $lean "$@"
}

# build BUILD OPTION...
build() {
  configure "$@"
  quietly "$cmake" --build "$1" --parallel 2
}

everywhere() {
  by_find_package "$1.c"
  by_find_package "$1.cxx" -DLANGUAGES=CXX
  by_find_package "$1.both" "-DLANGUAGES=C;CXX"
  by_pkg_config "$1"
}

echo "-- make; a compiler of two words; a folder with blanks"
CC="env cc"
export CC
build "$directory/build" -G "Unix Makefiles"
unset CC
quietly "$cmake" --install "$directory/build" --prefix "$directory/with some blanks"
for hint in "-Wl,-rpath,\"$directory/with some blanks/lib\"" "PKG_CONFIG_PATH=\"$directory/with some blanks/lib/pkgconfig\"" \
  "-DCMAKE_PREFIX_PATH=\"$directory/with some blanks\"" "PATH=\"$directory/with some blanks/bin:\$PATH\""; do
  grep -qF -e "$hint" "$directory/log" || fail "the installation ends with what is to be done: $hint"
done
is_installed "$directory/with some blanks"
everywhere blanks

echo "-- the example trainers, from where they are installed"
quietly "$cmake" -S "$prefix/share/headrace/examples" -B "$directory/examples" -DCMAKE_PREFIX_PATH="$prefix"
quietly "$cmake" --build "$directory/examples" --parallel 2
quietly "$directory/examples/train" --help

echo "-- lib/x86_64-linux-gnu, moved"
build "$directory/build" -DCMAKE_INSTALL_LIBDIR=lib/x86_64-linux-gnu
install_moved "$directory/build" multiarch
[ "$library" = "$prefix/lib/x86_64-linux-gnu" ] || fail "the library lies in lib/x86_64-linux-gnu"
by_find_package multiarch
by_pkg_config multiarch

echo "-- staged: DESTDIR, for /usr"
build "$directory/build" -DCMAKE_INSTALL_PREFIX=/usr
(DESTDIR=$directory/stage && export DESTDIR && quietly "$cmake" --install "$directory/build")
! grep -q '^headrace: ' "$directory/log" || fail "of what is staged nothing is said"
[ "$(ls "$directory/stage")" = usr ] || fail "everything lies in usr"
is_installed "$directory/stage/usr"
by_find_package staged
by_pkg_config staged
(DESTDIR=$directory/stage && export DESTDIR && quietly "$cmake" --build "$directory/build" --target uninstall)
[ -z "$(find "$directory/stage" -type f)" ] || fail "what was staged is uninstalled"

echo "-- a whole path for libraries"
build "$directory/build" -DCMAKE_INSTALL_PREFIX="$directory/whole" -DCMAKE_INSTALL_LIBDIR="$directory/elsewhere/lib"
quietly "$cmake" --install "$directory/build"
is_installed "$directory/whole"
library=$directory/elsewhere/lib
by_find_package whole -DCMAKE_PREFIX_PATH="$directory/elsewhere"
by_pkg_config whole

echo "-- fetched by C++ alone, static and shared"
tar -C "$source" --exclude=./build --exclude=./.git -czf "$directory/headrace.tar.gz" .
for shared in OFF ON; do
  tree=$directory/fetched.$shared
  quietly "$cmake" -S "$source/tests/fetched" -B "$tree" -DARCHIVE="file://$directory/headrace.tar.gz" \
    -DBUILD_SHARED_LIBS=$shared -DHEADRACE_INSTALL=ON
  quietly "$cmake" --build "$tree" --parallel 2
  runs "$tree/fetcher"
  [ "$(cd "$tree" && ctest -N | grep -c ' Test *#')" -eq 1 ] || fail "the fetcher's test is the only one"
  quietly "$cmake" --install "$tree" --prefix "$directory/fetcher.$shared"
done
tree=$directory/fetched.alone
quietly "$cmake" -S "$source/tests/fetched" -B "$tree" -DARCHIVE="file://$directory/headrace.tar.gz" -DBUILD_SHARED_LIBS=ON
[ ! -e "$tree/_deps/headrace-build/src/cmake_install.cmake" ] ||
  ! grep -q 'headrace/base\.h' "$tree/_deps/headrace-build/src/cmake_install.cmake" || fail "a project installs its own only"

# features BUILD: what --version has.
features() { "$1/src/cli/headrace" --version | sed -n 's/^\([a-z0-9]*\): .*/\1/p' | xargs; }
# refuses TEXT OPTION...: configuring says why not.
refuses() {
  refused=$1
  shift
  rm -rf "$directory/refused"
  fails_with "$refused" "$cmake" -S "$source" -B "$directory/refused" $lean "$@"
}

echo "-- a folder configured again: what is found later, another kind of build"
later() { quietly "$cmake" -S "$source" -B "$directory/later" -G "Unix Makefiles" -DBUILD_TESTING=OFF "$@"; }
said() { grep -q "$1" "$directory/log" || { cat "$directory/log"; fail "the configuration says $1"; }; }
compiled_with() { grep -q -e "$1" "$directory/later/src/CMakeFiles/headrace_objects.dir/flags.make"; }
later -DCMAKE_DISABLE_FIND_PACKAGE_Python3=ON
said ' not: .*man pages (python3)'
compiled_with '-D_FORTIFY_SOURCE=' || fail "a Release is hardened"
later -DCMAKE_DISABLE_FIND_PACKAGE_Python3=OFF -DCMAKE_BUILD_TYPE=Debug
said ' builds: .*man pages'
! compiled_with '-D_FORTIFY_SOURCE=' || fail "a Debug is not hardened"

echo "-- without a C++ compiler"
CXX=/nowhere/c++
export CXX
configure "$directory/c"
grep -q 'without:.* sentencepiece (libsentencepiece-dev)' "$directory/log" || fail "SentencePiece is left out"
refuses "HEADRACE_WITH_SENTENCEPIECE is ON, but there is no C++ compiler" -DHEADRACE_WITH_SENTENCEPIECE=ON
unset CXX

echo "-- the optional parts"
refuses 'HEADRACE_WITH_ZSTD is "maybe", expected AUTO, ON or OFF' -DHEADRACE_WITH_ZSTD=maybe
build "$directory/parts" -DHEADRACE_WITH_NUMA=OFF -DHEADRACE_WITH_ZSTD=no -DHEADRACE_WITH_SENTENCEPIECE=0 \
  -DHEADRACE_WITH_USDT=OFF -DHEADRACE_WITH_ZLIB=ON
[ "$(features "$directory/parts")" = "zlib utf8proc pcre2" ] || fail "parts can be left out"
mkdir "$directory/pkgconfig"
cp "$(pkg-config --path ck)" "$directory/pkgconfig"
PKG_CONFIG_LIBDIR=$directory/pkgconfig
export PKG_CONFIG_LIBDIR
build "$directory/none" -DHEADRACE_WITH_USDT=OFF
[ "$(features "$directory/none")" = "" ] || fail "what is not found is left out"
install_moved "$directory/none" none
by_find_package none -DCOMPONENTS=static
by_pkg_config none
for part in NUMA:libnuma-dev ZSTD:libzstd-dev ZLIB:zlib1g-dev UTF8PROC:libutf8proc-dev PCRE2:libpcre2-dev \
  SENTENCEPIECE:libsentencepiece-dev; do
  refuses "is not found (Debian: ${part#*:})" "-DHEADRACE_WITH_${part%:*}=ON"
done
refuses "Criterion and jansson are not found (Debian: libcriterion-dev libjansson-dev)" -DBUILD_TESTING=ON -DHEADRACE_UNIT_TESTS=ON
rm "$directory/pkgconfig/ck.pc"
refuses "needs ConcurrencyKit, pkg-config module ck (Debian: libck-dev)"
unset PKG_CONFIG_LIBDIR

echo "-- a whole program linked statically"
links "$directory/whole_static" "$source/tests/install/consumer.c" -static --static --cflags --libs headrace
runs "$directory/whole_static"

if command -v clang >/dev/null; then
  echo "-- clang, with g++ for SentencePiece"
  compiler=clang
  build "$directory/clang" -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=g++
  install_moved "$directory/clang" clang
  everywhere clang
fi
