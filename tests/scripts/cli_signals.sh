#!/bin/sh
# Usage: cli_signals.sh HEADRACE PRELOADED [EVERY] [control]
# A signal at each call of the command's (each EVERY-th) that changes or maps a file: it ends the command, and leaves
# nothing, or what was whole by then. control: SIGKILL, which leaves something.
set -eu
headrace=$1 preloaded=$2 every=${3:-1} control=${4:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir tmp out
export TMPDIR="$folder/tmp"
seq 60000 >text.txt # two pieces, so that threads tokenize
printf '\1\0' >earlier
faults=0 runs=0 earlier=

complain() {
  echo "$* left: $(ls -A out tmp | tr '\n' ' ')"
  faults=$((faults + 1))
}

clean() {
  rm -rf out/* out/.[!.]* tmp/*
  [ -z "$earlier" ] || cp earlier out/x.bin
}

# at N NUMBER COMMAND...: the command with that signal at its N-th call; sets status.
at() {
  n=$1 number=$2
  shift 2
  status=0
  { SIGNAL_AT=$n SIGNAL_NUMBER=$number LD_PRELOAD=$preloaded "$headrace" "$@" >said 2>&1 || status=$?; } 2>/dev/null
}

# each CHECK COMMAND...: CHECK says what may be left.
each() {
  check=$1 n=$every
  shift
  clean
  SIGNAL_COUNT=$folder/count LD_PRELOAD=$preloaded "$headrace" "$@" >said 2>&1 || { cat said; exit 1; }
  cp out/x.bin whole 2>/dev/null || true
  count=$(cat count)
  [ "$count" -gt 10 ] || { echo "only $count calls: the command is not seen"; exit 1; }
  while [ "$n" -le "$count" ]; do
    number=$(echo 15 2 1 3 13 24 | cut -d' ' -f $((n % 6 + 1))) # TERM INT HUP QUIT PIPE XCPU
    [ -z "$control" ] || number=9
    clean
    at "$n" "$number" "$@"
    # Threads make their calls in no fixed order: the last ones may not come.
    [ "$status" = $((128 + number)) ] || [ "$n" -gt $((count - 8)) ] || complain "signal $number at call $n of $count of $1: status $status,"
    $check || complain "signal $number at call $n of $count of $1"
    n=$((n + every)) runs=$((runs + 1))
  done
}

nothing_or_whole() {
  [ -z "$(ls -A tmp)" ] || return 1
  [ -z "$(ls -A out)" ] || { [ "$(ls -A out)" = x.bin ] && cmp -s out/x.bin whole; }
}

earlier_or_whole() {
  [ -z "$(ls -A tmp)" ] && [ "$(ls -A out)" = x.bin ] && { cmp -s out/x.bin whole || cmp -s out/x.bin earlier; }
}

# A state that can be loaded, or none; metrics whole or none.
nothing_or_loaded() {
  [ -z "$(ls -A tmp)" ] || return 1
  [ -z "$(ls -A out | grep -vx -e state -e run.prom)" ] || return 1
  [ ! -e out/run.prom ] || grep -q '^# HELP headrace_build_info ' out/run.prom || return 1
  [ ! -e out/state ] || "$headrace" feed --quiet --sequence-length 8 --batch-size 2 --steps 1 --resume out/state text.txt >said 2>&1
}

# shellcheck disable=SC3045 # dash and bash have it
ulimit -c 0
each nothing_or_whole tokenize --quiet --workers 2 --output out/x.bin text.txt
earlier=yes
each earlier_or_whole tokenize --quiet --force --workers 2 --output out/x.bin text.txt
earlier=
each nothing_or_loaded feed --quiet --sequence-length 8 --batch-size 2 --steps 2 --state out/state --metrics out/run.prom text.txt
echo "cli_signals: $faults faults in $runs runs"
[ "$faults" = 0 ]
