#!/bin/sh
# train_mpi: two ranks, or three of a batch that three divide, give the loss of one, to rounding; killed in
# the middle and resumed with one rank it goes on where it was; with nothing left to do it says so.
# Usage: train_mpi.sh TRAIN_MPI
set -u
train=$1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
export OMPI_MCA_btl_base_warn_component_unused=0 OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1

fail() {
  echo "train_mpi.sh: $*" >&2
  exit 1
}
# ranks N ARGUMENT...: prints the final loss
ranks() {
  n=$1
  shift
  mpirun --oversubscribe -n "$n" "$train" "$@" >out 2>err || fail "$n ranks: $(cat err)"
  sed -n 's/^train_mpi: .*, step [0-9]*, loss //p' out
}
near() {
  awk -v a="$1" -v b="$2" 'BEGIN { d = a - b; exit !(a > 0 && b > 0 && d < 0.005 && d > -0.005) }' ||
    fail "$3: loss $2 instead of $1"
}
one=$(ranks 1 --steps 80)
near "$one" "$(ranks 2 --steps 80)" "two ranks"
near "$(ranks 1 --steps 80 --batch 12)" "$(ranks 3 --steps 80 --batch 12)" "three ranks"
mpirun --oversubscribe -n 3 "$train" --steps 1 >out 2>err && fail "3 ranks divide a batch of 16 rows"
grep -q 'train_mpi: 3 ranks do not divide a batch of 16 rows: expected --batch 3' err || fail "3 ranks: $(cat err)"
mpirun -n 1 "$train" --steps 4 --checkpoint mine >out 2>err || fail "a checkpoint: $(cat err)"
timeout 60 mpirun --oversubscribe -n 1 "$train" --steps 8 --checkpoint mine : -n 1 "$train" --steps 8 --checkpoint other >out 2>err
[ $? -eq 1 ] && grep -q 'the ranks have read different checkpoints' err || fail "different checkpoints: $(cat out err)"
(near "$one" "$(ranks 1 --steps 40)" control) 2>/dev/null && fail "the control passes: losses at steps 40 and 80 are alike"

mpirun --oversubscribe -n 2 "$train" --steps 100000 --every 20 --checkpoint ckpt >/dev/null 2>&1 &
pid=$!
while [ ! -e ckpt ]; do kill -0 $pid || fail "ended before its first checkpoint"; done
kill -TERM $pid
wait $pid 2>/dev/null
# Nothing is left to do up to step 1; the last line says how far the run had come.
[ -z "$(ranks 1 --steps 1 --checkpoint ckpt)" ] || fail "a loss of no step: $(cat out)"
grep -q 'nothing left to do up to step 1: ckpt is that far' out || fail "nothing to do: $(cat out)"
saved=$(sed -n 's/^train_mpi: .*, step \([0-9]*\), .*/\1/p' out)
[ "$saved" -ge 20 ] || fail "the checkpoint is of step $saved, expected 20 or later"
end=$((saved + 30))
near "$(ranks 1 --steps $end)" "$(ranks 1 --steps $end --checkpoint ckpt)" "killed after step $saved, resumed with one rank"
exit 0
