#!/bin/sh
# Usage: cli_interrupted.sh HEADRACE INTERRUPTED [control]
# Every second write of the command's is interrupted: it prints, says and writes what it does when none is. control: a
# program that prints through the C library, which loses what was interrupted.
set -eu
headrace=$1 interrupted=$2 control=${3:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
seq 20000 >text.txt
"$interrupted" true && status=0 || status=$?
[ "$status" = 99 ] || { echo "skipped: no seccomp that asks"; exit 77; }
runs=0

fail() {
  echo "not so: $*"
  exit 1
}

# same STATUS COMMAND...: twice this status, and the same on stdout and on stderr, but for what is of time.
same() {
  expected=$1
  shift
  status=0
  "$@" >calm.out 2>calm.err || status=$?
  [ "$status" = "$expected" ] || fail "$* ends with $expected, but with $status"
  rm -f new*
  status=0
  "$interrupted" "$@" >stormy.out 2>stormy.err || status=$?
  [ "$status" = "$expected" ] || fail "interrupted, $* ends with $expected, but with $status: $(cat stormy.err)"
  for stream in out err; do
    sed '/second\|_ns\|hits\|misses\|bottleneck/d' "calm.$stream" >wanted
    sed '/second\|_ns\|hits\|misses\|bottleneck/d' "stormy.$stream" | cmp -s - wanted || fail "$* prints the same on std$stream"
  done
  runs=$((runs + 1))
}

[ -z "$control" ] || { same 0 "$interrupted" plain 4000; exit 0; }
same 0 "$headrace" --help
same 0 "$headrace" decode --help
same 0 "$headrace" tokenize --quiet --json -o new text.txt
"$headrace" tokenize --quiet --to datatrove -o tokens.ds text.txt
same 0 "$headrace" info text.txt tokens.ds
same 0 "$headrace" info --json text.txt tokens.ds
same 0 "$headrace" show --batch-size 16 --sequence-length 64 text.txt
same 0 "$headrace" show --json --batch-size 16 --sequence-length 64 text.txt
same 0 "$headrace" feed --quiet --json --steps 4 --batch-size 4 --sequence-length 32 text.txt
same 0 "$headrace" decode --quiet --to jsonl tokens.ds
same 0 "$headrace" decode --ids "$(seq -s " " 32 126)"
same 0 "$headrace" decode --quiet -o new tokens.ds
cmp new text.txt || fail "decode -o writes the same"
same 1 "$headrace" info nothing
same 2 "$headrace" decode --nothing
same 2 "$headrace"
echo "cli_interrupted: $runs ways of use"
