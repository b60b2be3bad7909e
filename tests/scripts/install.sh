# shellcheck shell=sh disable=SC2154,SC2034 # what is set before, and after
# What the tests of the installation share. Sourced with $cmake, $source (the project), $compiler and $flags set.
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
python3 "$source/tests/docs/blocks.py" file "$source/README.md" example.c >"$directory/example.c"
part() { sed -n "s/^#define HEADRACE_VERSION_$1 //p" "$source/include/headrace/base.h"; }
minor=$(part MAJOR).$(part MINOR)

fail() {
  echo "not so: $*"
  exit 1
}

quietly() { "$@" >"$directory/log" 2>&1 || { cat "$directory/log"; fail "$* succeeds"; }; }

# runs PROGRAM...: each ends with 0.
runs() {
  for program; do (cd "$directory" && LD_LIBRARY_PATH=$library timeout 60 "$program" >"$directory/log" 2>&1) ||
    { cat "$directory/log"; fail "$program runs"; }; done
}

# fails_with TEXT COMMAND...
fails_with() {
  text=$1
  shift
  if "$@" >"$directory/log" 2>&1; then fail "$* fails"; fi
  tr -s ' \n' '  ' <"$directory/log" | grep -qF -e "$text" || { cat "$directory/log"; fail "$* says '$text'"; }
}

# is_installed PREFIX: $prefix, $library, where the command runs, and the Python package knows where the library is.
is_installed() {
  prefix=$1
  library=$(dirname "$(find "$prefix" -name 'libheadrace.*' | head -n 1)")
  for program in bin/headrace libexec/headrace/headrace-bench; do
    [ ! -e "$prefix/$program" ] || quietly "$prefix/$program" --help
  done
  while read -r location; do
    [ -z "$location" ] || (cd "${location%/*}" && [ -e "$(sed -n 's/^LIBRARY = "\(.*\)"/\1/p' "$location")" ]) ||
      fail "$location names the library"
  done <<END
$(find "$prefix" -name _location.py)
END
}

# install_moved BUILD KIND: into $prefix, which it was not installed to.
install_moved() {
  quietly "$cmake" --install "$1" --prefix "$directory/first"
  mv "$directory/first" "$directory/moved.$2"
  is_installed "$directory/moved.$2"
}

# project TREE [OPTION...]: configures tests/install.
project() {
  project_tree=$1
  shift
  "$cmake" -S "$source/tests/install" -B "$project_tree" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$compiler" \
    -DCMAKE_C_FLAGS="$flags" -DEXAMPLE="$directory/example.c" -DWANTED="$minor" -DCOMPONENTS= "$@"
}

# by_find_package KIND [OPTION...]
by_find_package() {
  tree=$directory/cmake.$1
  shift
  quietly project "$tree" "$@"
  quietly "$cmake" --build "$tree" --parallel 2
  for program in consumer example archive both; do
    [ ! -e "$tree/$program" ] || runs "$tree/$program"
  done
}

# links PROGRAM FILE OPTIONS ARGUMENT...: with what pkg-config says of ARGUMENTs; blanks in its paths have a backslash.
links() {
  linked=$1 linked_from=$2 options=$3
  shift 3
  eval "quietly \"\$compiler\" -std=c11 $flags $options \"\$linked_from\" -o \"\$linked\" $(pkg-config "$@")"
}

# by_pkg_config KIND
by_pkg_config() {
  PKG_CONFIG_PATH=$library/pkgconfig
  export PKG_CONFIG_PATH
  [ "$(pkg-config --modversion headrace)" = "$minor.$(part PATCH)" ] || fail "pkg-config knows the version"
  for program in consumer example; do
    file=$directory/$program.c
    [ -f "$file" ] || file=$source/tests/install/$program.c
    links "$directory/$program.$1" "$file" "" --cflags --libs headrace
    runs "$directory/$program.$1"
  done
  links "$directory/plugin.$1.so" "$source/tests/install/consumer.c" "-shared -fPIC" --cflags --libs headrace
  if [ -f "$library/libheadrace.a" ]; then # also where libheadrace.so lies beside it
    links "$directory/archive.$1" "$source/tests/install/consumer.c" "" --cflags --libs headrace-static
    (library=/nowhere && runs "$directory/archive.$1")
  fi
}
