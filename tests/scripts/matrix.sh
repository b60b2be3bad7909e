#!/bin/sh
# Usage: matrix.sh SCRIPT
# SCRIPT, scripts/matrix, goes on behind a cell that is not built, one with a test that fails and one that runs none, says of
# each how many tests ended how, and ends with 1; without such a cell it ends with 0. A CMake and a CTest of our own answer it.
set -eu
script=$1
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
mkdir "$directory/bin"
cat >"$directory/bin/cmake" <<'CMAKE'
#!/bin/sh
case "$*" in *--preset\ lto*) exit 1 ;; esac
CMAKE
cat >"$directory/bin/ctest" <<'CTEST'
#!/bin/sh
echo "1/9 Test #1: a .........***Skipped   0.01 sec"
case "$*" in
*clang-O0*) echo "78% tests passed, 2 tests failed out of 9" && exit 8 ;;
*clang-lto*) echo "100% tests passed, 0 tests failed out of 1" ;;
*) echo "100% tests passed, 0 tests failed out of 9" ;;
esac
CTEST
printf '#!/bin/sh\necho installed\n' >"$directory/bin/dpkg-query"
chmod +x "$directory"/bin/*

# run STATUS CELL...
run() {
  wanted=$1
  shift
  status=0
  HEADRACE_LOGS=$directory PATH=$directory/bin:$PATH "$script" "$@" >"$directory/out" 2>&1 || status=$?
  [ $status = "$wanted" ] || { echo "not so: $* ends with $wanted, but with $status" && cat "$directory/out" && exit 1; }
}
says() { grep -qE "$1" "$directory/out" || { echo "not so: it says '$1'" && cat "$directory/out" && exit 1; }; }

run 0 O0 clang
says '^O0 +ok .* 8 passed, 0 failed, 1 skipped$'
says '^== 2 cells, 0 of them failed'
run 1 O0 lto clang-O0 clang clang-lto
says '^lto +FAILED .* not built: '
says '^clang-O0 +FAILED .* 6 passed, 2 failed, 1 skipped$'
says '^clang +ok .* 8 passed'
says '^clang-lto +FAILED .* 0 passed, 0 failed, 1 skipped$'
says '^== 5 cells, 3 of them failed'
run 1 nosuch
says 'there is no cell nosuch'
run 1 'i38.'
says 'there is no cell i38'
