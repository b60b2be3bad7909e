#!/bin/sh
# Usage: tsan_user.sh INCLUDE_DIR LIBRARY SOURCE COMPILER...
# A user's program under ThreadSanitizer with the library as it is installed, which is not under it: no report; and
# with a race of its own, even in a batch: a report.
set -eu
include=$1 library=$2 source=$3
shift 3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
for compiler in "$@"; do
  "$compiler" -std=gnu11 -O1 -g -fsanitize=thread -I "$include" "$source" -o "$directory/user" "$library" \
    -Wl,-rpath,"$(dirname "$library")" -lpthread
  TSAN_OPTIONS=exitcode=66 "$directory/user" >"$directory/log" 2>&1 || {
    echo "$compiler: a false report:" && cat "$directory/log"
    exit 1
  }
  if TSAN_OPTIONS=exitcode=66 "$directory/user" race >"$directory/log" 2>&1; then
    echo "$compiler: a race in the user's own code went unnoticed" && exit 1
  fi
  grep -q 'data race.*produce' "$directory/log" || { cat "$directory/log" && exit 1; }
done
