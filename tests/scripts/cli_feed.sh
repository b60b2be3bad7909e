# headrace feed: what is in its batches, and mixing: cli_feed.sh COMMAND. (Its checksums: feed.sh.)
. "$(dirname "$0")/cli.sh"

for name in a b; do
  i=0
  while [ $i -lt 200 ]; do
    echo "$name: line $i, $((i * 7919 % 1000))"
    i=$((i + 1))
  done >$name.txt
done
few="--quiet --sequence-length 24 --batch-size 6"
# checksum ARGUMENT...: of a run, in $checksum
checksum() {
  run 0 feed $few "$@"
  checksum=$(sed -n 's/^feed: .*checksum \([0-9a-f]*\),.*/\1/p' out)
  [ -n "$checksum" ] || fail "headrace feed $* prints a checksum"
}
# sum HEX...: modulo 2^64, in halves, since a shell's numbers have a sign
sum() {
  low=0 high=0
  for x; do
    low=$((low + 0x${x#????????}))
    high=$((high + 0x${x%????????}))
  done
  printf '%08x%08x' $((high + (low >> 32) & 0xffffffff)) $((low & 0xffffffff))
}
# batches: of the last run
batches() { sed -n 's/^feed: \([0-9]*\) batches.*/\1/p' out; }

# The last rows, and the documents.
checksum a.txt
whole=$checksum
[ "$(batches)" -eq 23 ] || fail 'the last step is padded'
checksum --drop-last a.txt
[ "$(batches)" -eq 22 ] || fail '--drop-last leaves the last step out'
checksum --documents a.txt
[ "$checksum" != "$whole" ] || fail '--documents is in the checksum'
documents=$checksum
checksum --documents --batch-size 5 --workers 3 a.txt
[ "$checksum" = "$documents" ] || fail 'documents have the same checksum in batches of another size'
checksum --shuffle blocks a.txt
blocks=$checksum
checksum --shuffle blocks --block-rows 7 a.txt
[ "$checksum" != "$blocks" ] || fail '--block-rows changes the order'
refuses 2 '--block-rows is for --shuffle blocks' -- feed --block-rows 7 a.txt
refuses 2 '--block-rows is 0, expected' -- feed --shuffle blocks --block-rows 0 a.txt
refuses 2 'takes no argument' -- feed --drop-last=yes a.txt

# Several files are one stream; with weights each argument is a source.
cat a.txt b.txt >both.txt
checksum both.txt
whole=$checksum
checksum a.txt b.txt
[ "$checksum" = "$whole" ] || fail 'files without weights are one stream'
grep -q '^mix' out && fail 'one stream is no mix'
checksum a.txt:3 b.txt:1
mix=$checksum
out_has 'mix: 75 % of the rows are of a.txt, 3,264 tokens' 'mix: 25 % of the rows are of b.txt, 3,264 tokens'
[ "$mix" != "$whole" ] || fail 'a mix is another order'
checksum a.txt:0.75 b.txt:.25
[ "$checksum" = "$mix" ] || fail 'weights are relative, and decimal'
checksum --workers 4 --io read a.txt:3 b.txt:1
[ "$checksum" = "$mix" ] || fail 'a mix does not depend on the workers'
mkdir folder
cp a.txt folder/1.txt
cp b.txt folder/2.txt
checksum 'folder/*.txt:2' a.txt:1
out_has 'mix: 66.67 % of the rows are of folder/*.txt, 6,528 tokens' 'mix: 33.33 % of the rows are of a.txt'
pattern=$checksum
checksum folder:2 a.txt:1
[ "$checksum" = "$pattern" ] || fail 'a directory has a weight too'
checksum a.txt:1
out_has 'mix: 100 % of the rows are of a.txt'

# A mix goes on where it was, in batches of another size too.
for pack in windows documents; do
  checksum --pack $pack --epochs 2 a.txt:3 b.txt:1
  whole=$checksum
  checksum --pack $pack --epochs 2 --steps 1 --state state a.txt:3 b.txt:1
  parts=$checksum
  while checksum --pack $pack --epochs 2 --steps 1 --resume state --state state a.txt:3 b.txt:1 && [ "$(batches)" -gt 0 ]; do
    parts="$parts $checksum"
  done
  [ "$(sum $parts)" = "$whole" ] || fail "a mix of $pack is resumed at every step"
  checksum --pack $pack --epochs 2 --steps 1 --state state a.txt:3 b.txt:1
  first=$checksum
  checksum --pack $pack --epochs 2 --batch-size 11 --resume state a.txt:3 b.txt:1
  [ "$(sum $first $checksum)" = "$whole" ] || fail "a mix of $pack is resumed with another batch size"
done
refuses 2 'weights' -- feed --pack documents $few --epochs 2 --resume state a.txt:2 b.txt:1

# Names with a colon.
cp b.txt x:3
cp b.txt x
checksum b.txt
whole=$checksum
checksum x:3
[ "$checksum" = "$whole" ] || fail 'a file that is there under the whole name has no weight'
grep -q '^mix' out && fail 'x:3 is a file'
checksum x:3:1 a.txt:3
out_has 'mix: 25 % of the rows are of x:3'
checksum '?:3'
grep -q '^mix' out && fail 'what a pattern finds under the whole name has no weight'
refuses 2 'a.txt has a weight and b.txt has none, expected FILE:WEIGHT for all or for none' -- feed a.txt:3 b.txt
refuses 2 'b.txt has a weight and a.txt has none' -- feed a.txt b.txt:3
for weight in 0 0.0 -1 1e3 1.2.3 3x inf; do
  refuses 2 "the weight of a.txt is $weight, expected a number above 0" -- feed a.txt:$weight
done
refuses 2 'the weight of a.txt is empty' -- feed a.txt:
refuses 1 'missing: open: No such file' -- feed missing:2 a.txt:1
refuses 1 'missing:two: open: No such file' -- feed missing:two
refuses 2 'standard input is not read' -- feed -- -:2
refuses 2 'expected' -- feed a.txt:1 b.txt:100000000

# An option is for one of the sources, or for none.
printf '{"text":"a line of json"}\n{"text":"another one"}\nno json\n' >lines.jsonl
run 0 feed $few --on-bad-line skip a.txt:1 lines.jsonl:1
err_has '1 bad line of .jsonl passed over'
refuses 2 '--field is for .jsonl' -- feed --field x a.txt:1 b.txt:1
exit 0
