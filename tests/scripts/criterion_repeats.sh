# shellcheck shell=sh
# criterion.sh runs a program again when, and only when, Criterion could not spawn a test of it.
# Usage: criterion_repeats.sh DIRECTORY [control]     control: of a criterion.sh that repeats nothing
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
run="sh $1/criterion.sh"
[ "${2:-}" = control ] && run=

# program NAME TEXT STATUS...: prints TEXT and ends with the first STATUS, the next time with the next.
program() {
  name=$1 text=$2
  shift 2
  echo "$@" >"$directory/$name.left"
  cat >"$directory/$name" <<PROGRAM
read -r status rest <"$directory/$name.left"
echo \$rest >"$directory/$name.left"
[ "\$status" -eq 0 ] || echo "$text"
exit \$status
PROGRAM
}
# ends NAME STATUS LEFT: it ended so, and so many of its statuses are left.
ends() {
  $run sh "$directory/$1" >"$directory/out" 2>&1
  status=$?
  left=$(wc -w <"$directory/$1.left")
  [ $status -eq "$2" ] && [ "$left" -eq "$3" ] && return
  echo "not so: $1 ends with $2, $3 runs left, but with $status and $left"
  cat "$directory/out"
  exit 1
}

spawn='[ERR ] Could not spawn test instance: Protocol error'
program twice "$spawn" 3 3 0 0
ends twice 0 1
program always "$spawn" 3 3 3 3 3 3
ends always 3 1
program assertion '[FAIL] queue::holds' 1 0
ends assertion 1 1
program another 'Could not spawn test instance: No such process' 3 0
ends another 3 1
program crashed 'aborted' 134 0
ends crashed 134 1
