#!/bin/sh
# train_cuda over a stand-in for CUDA: see tests.cmake.
# Usage: train_cuda.sh PROGRAM REFERENCE losses|failures|copies|fault [WHAT IS FOUND]
set -u
program=$1
reference=$2
what=$3
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
awk 'BEGIN { for (i = 1; i <= 400; i++) print "the " i % 17 " mills of river " i * i % 29 " turn " i % 5 " stones" }' >text

fail() {
  echo "train_cuda.sh: $*" >&2
  exit 1
}
# train ORDER ARGUMENT...: on `text`, at most a minute
train() {
  order=$1
  shift
  STAND_IN_ORDER=$order timeout -s KILL 60 "$program" --batch-size 2 --sequence-length 16 "$@" text >out 2>err
}
steps=16 # a multiple of each group

near() { # A B C D: A and B, C and D
  awk -v a="$1" -v b="$2" -v c="$3" -v d="$4" 'BEGIN { e = 0.002
    exit !(a > 0 && a - b < e && b - a < e && c - d < e && d - c < e) }'
}

losses() {
  for group in 1 4; do
    set -- $("$reference" $steps 2 16 $group 1 text) $("$reference" $steps 2 16 $group 2 text)
    [ $# -eq 4 ] || fail "no losses of the reference"
    near "$1" "$3" "$2" "$4" && fail "the control passes: losses of two seeds are alike"
    [ $group -eq 1 ] && orders=eager || orders="forward backward"
    for order in $orders; do
      train $order --steps $steps --group $group || fail "$order, $group in a copy: $(cat out err)"
      line=$(sed -n 's/^train_cuda: loss \([0-9.]*\) -> \([0-9.]*\) in '$steps' steps,.*/\1 \2/p' out)
      [ -n "$line" ] || fail "no losses: $(cat out)"
      near "${line% *}" "$1" "${line#* }" "$2" || fail "$order, $group in a copy: loss $line, expected $1 $2"
      copies=$((steps / group))
      grep -q "^stand-in: $copies copies to the device, 0 of them not asynchronous, 0 faults" err ||
        fail "$order, $group in a copy: $(cat err)"
      grep 'left at the end' err && fail "$order, $group in a copy: something is left"
    done
  done
}

failures() {
  for call in cudaSetDevice:1 cudaGetDeviceProperties:1 cudaHostRegister:1 cudaMalloc:3 cudaMallocHost:1 cudaMemcpy:1 \
    cudaMemcpyAsync:2 cudaLaunchKernelEx:9 cudaEventRecord:3 cudaStreamWaitEvent:2 cudaFree:1; do
    STAND_IN_FAIL=$call train eager --steps 20 --group 2
    status=$?
    [ $status -eq 1 ] || fail "$call: status $status, expected 1: $(cat out err)"
    grep -q "^train_cuda: ${call%:*}.*cudaErrorMemoryAllocation: " err || fail "$call: $(cat err)"
  done
  train eager --steps 20 nothing-there && fail "a file that is not there"
  grep -q '^train_cuda: nothing-there: ' err || fail "a file that is not there: $(cat err)"
  train eager --steps 20 --batch-size 200000 && fail "an epoch of less than a batch"
  grep -q '^train_cuda: batch_loader_create: ' err || fail "an epoch of less than a batch: $(cat err)"
  train eager --group 0 && fail "--group 0"
  grep -q '^train_cuda: group is "0", expected a whole number from 1 on' err || fail "--group 0: $(cat err)"
  "$program" --help | grep -q '^Exit status: ' || fail "--help"
  interruption
}

# Asked to stop, it leaves nothing behind, and ends by that signal.
interruption() {
  STAND_IN_ORDER=eager "$program" --steps 10000000 --batch-size 2 --sequence-length 16 text >out 2>err &
  pid=$!
  until grep -q '^step 1/' out; do kill -0 $pid 2>/dev/null || fail "ended before its first step: $(cat err)"; done
  kill -TERM $pid
  wait $pid
  status=$?
  [ $status -eq 143 ] || fail "asked to stop: status $status, expected 143: $(cat err)"
  grep -q '^train_cuda: loss ' out || fail "asked to stop: $(cat out err)"
}

copies() {
  train eager --copy-only --seconds 0.05 --group 8 || fail "--copy-only: $(cat out err)"
  [ "$(grep -c '^copies: [0-9.]* GB/s of batches, .* Gtokens/s, [0-9.]* % of the time waiting for data$' out)" -eq 3 ] ||
    fail "--copy-only: $(cat out)"
  grep -q ' 0 of them not asynchronous, 0 faults' err || fail "--copy-only: $(cat err)"
  grep 'left at the end' err && fail "--copy-only: something is left"
}

# A device that is late in one way or another finds it; and it ends in an error.
fault() {
  for order in forward backward; do
    train $order --steps $steps --group 2
    status=$?
    [ $status -ne 137 ] || fail "it waits for ever"
    if grep -q -e "$1" err; then
      [ $status -ne 0 ] || fail "$1, but status 0"
      exit 0
    fi
  done
  fail "not found: $(cat err)"
}

case $what in
losses | failures | copies) $what ;;
fault) fault "$4" ;;
esac
exit 0
