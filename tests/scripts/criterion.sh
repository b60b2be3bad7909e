# shellcheck shell=sh
# Runs a Criterion program, once more when Criterion could not start one of its tests, as happens on busy
# machines: whatever else a program ends with counts.
# Usage: criterion.sh PROGRAM [ARGUMENT...]
output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
for attempt in 1 2 3 4 5; do
  "$@" >"$output" 2>&1
  status=$?
  [ $status -ne 0 ] && grep -qF 'Could not spawn test instance: Protocol error' "$output" || break
  echo "criterion.sh: attempt $attempt: Criterion could not spawn a test"
done
cat "$output"
exit $status
