#!/bin/sh
# Usage: soak_stopped.sh SOAK [control]
# SIGINT and SIGTERM stop the soak before its time: it says so, in its report too, judges what there was, leaves nothing and
# ends by that signal. control: SIGKILL, which leaves its folder.
set -eu
soak=$1 control=${2:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tmp"

fail() {
  echo "not so: $*"
  cat "$folder/said"
  exit 1
}

# stop NUMBER NAME: once it has taken a sample.
stop() {
  rm -f "$folder/csv" "$folder/report"
  TMPDIR=$folder/tmp env --default-signal=INT "$soak" --threads 2 --csv "$folder/csv" --report "$folder/report" 1 >"$folder/said" 2>&1 &
  until [ "$(wc -l <"$folder/csv" || echo 0)" -ge 2 ]; do
    kill -0 $! || fail "it runs for an hour"
    sleep 0.1
  done 2>/dev/null
  [ -n "$(ls -A "$folder/tmp")" ] || fail "it has a folder"
  kill -s "$2" $!
  wait $! && status=0 || status=$?
  [ -z "$(ls -A "$folder/tmp")" ] || fail "SIG$2 leaves nothing"
  [ "$status" = $((128 + $1)) ] || fail "SIG$2 ends it by that signal, but with $status"
  for where in said report; do
    grep -q "^stopped by signal $1 .* before its 1.000 hours" "$folder/$where" || fail "its $where says that SIG$2 stopped it"
    grep -q '^  live_batches .*the same at every rest: flat$' "$folder/$where" || fail "its $where has what was counted at a rest"
    grep -q '^not judged: ' "$folder/$where" || fail "its $where says that an instant is too short to judge by"
  done
}

if [ -n "$control" ]; then
  stop 9 KILL
else
  stop 2 INT
  stop 15 TERM
fi
