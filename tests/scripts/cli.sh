# shellcheck shell=sh
# What the tests of the headrace command share. Sourced with $1 = the command.
headrace=$1
directory=$(mktemp -d) || exit 1
trap 'rm -rf "$directory"' EXIT
cd "$directory" || exit 1

fail() {
  echo "not so: $*"
  sed 's/^/  stdout: /' out
  sed 's/^/  stderr: /' err
  exit 1
}

# run STATUS ARGUMENT...: the command ends with this status.
run() {
  expected=$1
  shift
  "$headrace" "$@" >out 2>err
  status=$?
  [ "$status" -eq "$expected" ] || fail "headrace $* ends with $expected, but with $status"
}

# out_has, err_has TEXT...: each text stands in what the last run printed.
out_has() { for text; do grep -qF -e "$text" out || fail "stdout has '$text'"; done; }
err_has() { for text; do grep -qF -e "$text" err || fail "stderr has '$text'"; done; }

# json PYTHON...: stdout is JSON, and of the object d these hold; without python3 only that it is an object.
json() {
  if command -v python3 >/dev/null; then
    for holds; do
      python3 -c 'import json, sys; d = json.load(open("out")); sys.exit(not eval(sys.argv[1]))' "$holds" || fail "JSON of which $holds"
    done
  else
    [ "$(head -c 1 out)$(tail -n 1 out)" = '{}' ] || fail 'one JSON object'
  fi
}

# refuses STATUS TEXT -- ARGUMENT...: nothing on stdout, one sentence on stderr that has TEXT.
refuses() {
  wanted=$1
  sentence=$2
  shift 3
  run "$wanted" "$@"
  [ -s out ] && fail "headrace $* prints nothing on stdout"
  [ "$(wc -l <err)" -eq 1 ] || fail "headrace $* says one sentence"
  err_has "$sentence"
}
