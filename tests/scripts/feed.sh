#!/bin/sh
# headrace feed: its checksum is the same for every number of workers, way of reading and format, adds
# up over ranks and over interruptions, and bad usage and bad data have their exit status.
# Usage: feed.sh HEADRACE [control]        control: one run gets another seed; the script must fail
set -u
. "$(dirname "$0")/checksums.sh"
headrace=$1
odd_seed=1
[ "${2:-}" = control ] && odd_seed=2
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1

fail() {
  echo "feed.sh: $*" >&2
  exit 1
}
# feed ARGUMENT...: prints the checksum
feed() {
  "$headrace" feed --quiet --seed 1 --sequence-length 24 --batch-size 6 "$@" >out 2>err || fail "feed $*: $(cat err)"
  grep -Eqx 'feed: [0-9]+ batches, [0-9]+ tokens, checksum [0-9a-f]{16}, 0 errors' out || fail "last line: $(cat out)"
  sed -n 's/^feed: .*checksum \([0-9a-f]*\),.*/\1/p' out
}
same() {
  [ "$1" = "$2" ] || fail "$3: $2 instead of $1"
}

i=0
while [ $i -lt 300 ]; do
  echo "line $i of a text that is cut into rows, $((i * 7919 % 1000)) and $((i * i))"
  i=$((i + 1))
done >text.txt
whole=$(feed text.txt) || exit 1

for workers in 1 2 4 8; do
  for io in map read; do
    same "$whole" "$(feed --workers $workers --io $io text.txt)" "$workers workers, $io"
    same "$whole" "$(feed --workers $workers --io $io --as-they-come text.txt)" "$workers workers, $io, unordered"
  done
done
same "$whole" "$(feed --seed $odd_seed text.txt)" "seed $odd_seed"
same "$whole" "$(feed --batch-size 11 text.txt)" "another batch size"

for format in headerless datatrove llmc-gpt2 llmc-llama3 megatron; do
  mkdir $format
  case $format in datatrove) file=x.ds ;; *) file=x.bin ;; esac
  "$headrace" tokenize --quiet --to $format --separator none --output $format/$file text.txt || fail "tokenize to $format"
  same "$whole" "$(feed $format)" "$format"
done

# Files without an index have documents by their end-of-text id, the same as files with one.
i=0
while [ $i -lt 40 ]; do echo "{\"text\":\"$(printf "%0$((i * 13 % 31))d" $i)\"}"; i=$((i + 1)); done >documents.jsonl
for packing in documents best-fit; do
  sum=$(feed --pack $packing --separator after --tokenizer bytes documents.jsonl)
  for format in headerless megatron; do
    "$headrace" tokenize --quiet --force --to $format --separator after --output ends.bin documents.jsonl || fail "tokenize to $format"
    [ $format = headerless ] && ends='--separator after --end-of-text 256' || ends=
    same "$sum" "$(feed --pack $packing $ends ends.bin)" "$packing of $format"
  done
done

for world in 2 3; do
  sums=
  rank=0
  while [ $rank -lt $world ]; do
    sums="$sums $(feed --batch-size 4 --rank $rank --world $world text.txt)"
    rank=$((rank + 1))
  done
  same "$whole" "$(sum $sums)" "$world ranks"
done
sums="$(OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 feed text.txt) $(SLURM_PROCID=1 SLURM_NTASKS=2 feed text.txt)"
same "$whole" "$(sum $sums)" "ranks from the environment"

# Interrupted at every step, and once resumed with another batch size.
feed --steps 1 --state state text.txt >sums
while part=$(feed --resume state --steps 1 --state state text.txt) && [ "$part" != 0000000000000000 ]; do echo "$part" >>sums; done
same "$whole" "$(sum $(cat sums))" "resumed at every step"
first=$(feed --steps 7 --state state text.txt)
same "$whole" "$(sum "$first" "$(feed --resume state --batch-size 13 --workers 3 text.txt)")" "resumed with another batch size"

# status EXPECTED ARGUMENT...: one sentence on stderr, this exit status
status() {
  expected=$1
  shift
  "$headrace" feed --quiet "$@" >out 2>err
  got=$?
  [ $got -eq "$expected" ] || fail "feed $*: exit status $got instead of $expected"
  [ "$(wc -l <err)" -eq 1 ] || fail "feed $*: said $(cat err)"
}
status 2
status 2 --no-such-option text.txt
status 2 --batch-size none text.txt
status 2 --batch-size 0 text.txt
status 2 --shuffle some text.txt
status 2 --rank 2 --world 2 text.txt
status 2 --rank 0 text.txt
status 2 --world 2 text.txt
status 1 missing.txt
for faults in stop skip hand-on; do
  status 1 --faults $faults --sequence-length 24 --vocab-size 60 text.txt
  grep -q 'text.txt: at byte .*: id .* expected 0 to 59' err || fail "with $faults the fault is said: $(cat err)"
done
status 2 --batch-size 4294967296 text.txt
grep -q 'is 4294967296, expected a whole number from 1 to 4294967295' err || fail "the bounds are said: $(cat err)"
status 2 --workers 4097 text.txt
status 2 --sequence-length 2147483648 text.txt
status 2 --vocab-size 2147483649 text.txt
feed --epochs 4294967295 --steps 1 text.txt >/dev/null
status 2 -
status 2 --type u16 text.txt
status 2 --end-of-text 256 headerless/x.bin
status 2 --separator after headerless/x.bin
status 2 --separator after --end-of-text 256 megatron/x.bin
status 1 --resume text.txt text.txt
status 2 --seed 9 --sequence-length 24 --resume state text.txt

printf '{"text":"a good line"}\nno json\n{}\n' >bad.jsonl
feed --on-bad-line skip bad.jsonl >/dev/null
grep -qx 'headrace feed: 2 bad lines of .jsonl passed over' err || fail "bad lines are counted: $(cat err)"
feed text.txt >/dev/null
[ -s err ] && fail "nothing is said where no line is bad: $(cat err)"

# A state is written aside: links are followed, what is no regular file stays, and all is checked before the run.
mkdir states
status 1 --state states text.txt
status 1 --state nowhere/state text.txt
[ -c /dev/full ] && status 1 --state /dev/full text.txt && { [ -c /dev/full ] || fail "/dev/full is gone"; }
[ "$(wc -l <out)" -eq 0 ] || fail "a state that cannot be written is refused before the run"
ln -s nothing states/dangling
status 1 --state states/dangling text.txt
: >states/real
chmod 640 states/real
ln -s real states/link
feed --steps 1 --state states/link text.txt >/dev/null
[ -L states/link ] && [ "$(wc -c <states/real)" -eq "$(wc -c <state)" ] || fail "a link is followed"
[ "$(stat -c %a states/real)" = 640 ] || fail "the mode stays"
feed --steps 1 --state states/link text.txt >/dev/null
for name in text.txt headerless/x.bin; do
  cp $name states/kept
  status 1 --state states/kept $name
  grep -q 'states/kept: found a file that is not a loader.s state' err || fail "what is no state is named: $(cat err)"
  cmp -s $name states/kept || fail "what is no state is kept"
done
rm states/kept
status 2 --state '' text.txt
grep -q 'path is empty' err || fail "an empty name is refused before the run: $(cat err)"
{ said=$(ulimit -S -f 0 && exec "$headrace" feed --quiet --steps 1 --state states/new text.txt 2>&1 >/dev/null); } 2>/dev/null
case $said in *'states/new: write: '*) ;; *) fail "a signal of the write (SIGXFSZ) ended it: $said" ;; esac
[ "$(ls -A states | tr '\n' ' ')" = "dangling link real " ] || fail "nothing is left beside: $(ls -A states)"
OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 feed text.txt >/dev/null
grep -q 'rank 0 of 2, as the launcher' err || fail "a rank from the environment is said"
OMPI_COMM_WORLD_RANK=0 OMPI_COMM_WORLD_SIZE=2 feed --world 1 text.txt >sum
same "$whole" "$(cat sum)" "--world 1 over the environment"

"$headrace" feed -h | grep -q -- --resume || fail "-h is not --help"
"$headrace" feed --help | grep -q -- --resume || fail "help does not name --resume"
exit 0
