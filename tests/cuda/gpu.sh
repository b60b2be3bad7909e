#!/bin/sh
# scripts/gpu without a GPU: that it says so; that it reads what its programs print, and judges it.
# Usage: gpu.sh SCRIPTS/GPU TRAIN_CUDA_STAND_IN
set -u
gpu=$1
stand_in=$2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

fail() {
  echo "gpu.sh: $*" >&2
  exit 1
}
# programs SHARE SHARE-OF-LARGE WAITING TORCH-ROWS TORCH-STATUS
programs() {
  cat >"$dir/train_cuda" <<PROGRAM
#!/bin/sh
case \$* in
*--copy-only*)
  for round in 1.5 $1 0.1; do
    echo "copies: 49.9 GB/s of batches, plain copies of the size 53.1 GB/s (share \$round), of 16 MiB 54.2 GB/s (share $2), 9.98 Gtokens/s, 0.1 % of the time waiting for data"
  done ;;
*) echo "train_cuda: loss 5.5452 -> 2.3101 in 900 steps, 12.30 Mtokens/s, $3 % of the time waiting for data" ;;
esac
PROGRAM
  printf '#!/bin/sh\nprintf "%s"\necho why\nexit %s\n' "$4" "$5" >"$dir/gpu_py"
  chmod +x "$dir/train_cuda" "$dir/gpu_py"
}
# expect STATUS PATTERN...: all of them in what it prints
expect() {
  "$gpu" --stand-in "$dir/train_cuda" "$dir/gpu_py" >"$dir/out" 2>&1
  look $? "$@"
}
look() {
  status=$1
  shift
  [ $status -eq "$1" ] || fail "status $status, expected $1: $(cat "$dir/out")"
  shift
  for pattern in "$@"; do grep -q "$pattern" "$dir/out" || fail "no \"$pattern\": $(cat "$dir/out")"; done
}

row='row\tGPT\t0.5 %%\t< 1 %%\tPASS\n'
programs 0.91 0.65 0.4 "$row" 0
expect 0 '^batches of 1 MiB  *49.9 GB/s: 0.91 of plain.* >= 0.9 of plain  *PASS$' \
  '^of 128 KiB, 8 in a copy .* 0.65 of large .* >= 0.6 of large  *PASS$' '^train_cuda: loss  *5.5452 -> 2.3101  *falls  *PASS$' \
  '^train_cuda: waiting  *0.4 % of the time  *< 1 %  *PASS$' '^GPT  *0.5 %  *< 1 %  *PASS$'
programs 0.89 0.65 0.4 "$row" 0
expect 1 '^batches of 1 MiB .*FAIL$'
programs 0.91 0.59 0.4 "$row" 0
expect 1 '^of 128 KiB, 8 in a copy .*FAIL$'
programs 0.91 0.65 1.00 "$row" 0
expect 1 '^train_cuda: waiting .*FAIL$'
programs 0.91 0.65 0.4 '' 77
expect 0 '^PyTorch  *skipped: why'
programs 0.91 0.65 0.4 '' 1
expect 1 '^PyTorch  *an error: why .*FAIL$'
programs 0.91 0.65 0.4 'row\tGPT\t2 %%\t< 1 %%\tFAIL\n' 1
expect 1 '^GPT  *2 %  *< 1 %  *FAIL$'
printf '#!/bin/sh\necho "train_cuda: cudaSetDevice"\nexit 1\n' >"$dir/train_cuda"
expect 1 '^batches of 1 MiB  *an error .*FAIL$'

# What was built elsewhere: a machine with a GPU, without a compiler or packages.
programs 0.91 0.65 0.4 '' 0
mkdir -p "$dir/machine" "$dir/built/src/cli" "$dir/built/examples"
printf '#!/bin/sh\necho H200\n' >"$dir/machine/nvidia-smi"
cat >"$dir/machine/python3" <<'PROGRAM'
#!/bin/sh
case $* in
*test_torch_cuda.py*)
  [ -e "$HEADRACE_LIBRARY" ] || exit 2
  echo "Ran 5 tests in 9 s"
  exit "$ARRIVED" ;;
*gpu.py*) printf 'row\tGPT\t0.5 %%\t< 1 %%\tPASS\n' ;;
esac
PROGRAM
printf '#!/bin/sh\nfor last; do :; done\ncp "$last" "${last%%text}ids.bin"\n' >"$dir/built/src/cli/headrace"
cp "$dir/train_cuda" "$dir/built/examples/"
chmod +x "$dir"/machine/* "$dir/built/src/cli/headrace"
# built ARRIVED STATUS PATTERN...
built() {
  ARRIVED=$1 PATH=$dir/machine:$PATH "$gpu" --built "$dir/built" >"$dir/out" 2>&1
  status=$?
  shift
  look $status "$@"
}
built 0 1 "gpu: there is no $dir/built/src/libheadrace.so: make it by scripts/gpu --build"
: >"$dir/built/src/libheadrace.so"
built 0 0 '^GPU: H200$' '^batches of 1 MiB .* PASS$' '^PyTorch: batches arrive whole  *Ran 5 tests.* PASS$' '^GPT .*PASS$'
built 1 1 '^PyTorch: batches arrive whole  *Ran 5 tests.* FAIL$' '^GPT .*PASS$'

# What train_cuda prints is what is read: figures of all five of its rows, whatever they are worth.
"$gpu" --stand-in "$stand_in" >"$dir/out" 2>&1
[ "$(grep -c '^\(batches of 1\|of 128\).* GB/s: [0-9.]* of plain.*Gtokens/s' "$dir/out")" -eq 3 ] &&
  grep -q '^train_cuda: loss  *[0-9.]* -> [0-9.]*  *falls  *PASS$' "$dir/out" || fail "over the stand-in: $(cat "$dir/out")"

if ! command -v nvidia-smi >/dev/null; then
  "$gpu" >"$dir/out" 2>&1
  [ $? -eq 77 ] && grep -q '^gpu: no GPU here: there is no nvidia-smi$' "$dir/out" || fail "no GPU: $(cat "$dir/out")"
fi
exit 0
