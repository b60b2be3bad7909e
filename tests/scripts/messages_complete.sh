#!/bin/sh
# Usage: messages_complete.sh TEST HEADER...
# The test of messages calls every function that the headers mark with HEADRACE_API.
set -u
test=$1
shift
failed=0 found=0
# shellcheck disable=SC2013 # one name a line
for function in $(sed -n 's/^HEADRACE_API [^(]*[ *]\([a-z0-9_]*\)(.*/\1/p' "$@"); do
  found=$((found + 1))
  grep -Eq "(REFUSES|TAKES|ABORTS)\($function,|[ (]$function\((NULL)?\)" "$test" || {
    echo "$function has no line in $test" >&2
    failed=1
  }
done
echo "$found functions"
[ "$found" -gt 0 ] && [ "$failed" -eq 0 ]
