# shellcheck shell=sh
# headrace feed: what is in its batches, and mixing: cli_feed.sh COMMAND. (Its checksums: feed.sh.)
. "$(dirname "$0")/checksums.sh"
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

for pool in 1 2 9; do
  checksum --pool $pool --workers 2 a.txt
  [ "$checksum" = "$whole" ] || fail "a pool of $pool has the same batches"
done
refuses 2 '--pool is many' -- feed --pool many a.txt

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
checksum a.txt:30 b.txt:0.01
whole=$checksum
checksum a.txt:3e+1 b.txt:1e-02
[ "$checksum" = "$whole" ] || fail 'a weight may have an exponent, as programs write it'
for weight in 0 0.0 -1 1e 1e- e3 1e3x 0x3 1e400 1e-400 1.2.3 3x inf nan; do
  refuses 2 "the weight of a.txt is $weight, expected a number above 0" -- feed a.txt:$weight
done
refuses 2 'the weight of a.txt is empty' -- feed a.txt:
refuses 1 'missing: open: No such file' -- feed missing:2 a.txt:1
refuses 1 'missing:two: open: No such file' -- feed missing:two
refuses 2 'standard input is not read' -- feed -- -:2
refuses 2 'the name of file 2 of 2 is empty, expected a file' -- feed a.txt:1 :2
refuses 2 'expected' -- feed a.txt:1 b.txt:100000000

# An option is for one of the sources, or for none.
printf '{"text":"a line of json"}\n{"text":"another one"}\nno json\n' >lines.jsonl
run 0 feed $few --on-bad-line skip a.txt:1 lines.jsonl:1
err_has '1 bad line of .jsonl passed over'
refuses 2 '--field is for .jsonl' -- feed --field x a.txt:1 b.txt:1

# What is in the batches adds up over ranks, batch sizes and interruptions, whatever is asked for: in.jsonl has documents
# of 0 to 60 tokens, masks.u16 masks too.
i=0
while [ $i -lt 60 ]; do
  printf '{"text":"%.*s"}\n' $((i * 7 % 60)) 'sixty letters of a text that is cut, packed, masked and padded'
  i=$((i + 1))
done >in.jsonl
run 0 tokenize --quiet --to headerless --output masks.u16 in.jsonl
head -c "$(($(wc -c <masks.u16) / 2))" /dev/zero | tr '\0' '\1' | sed 's/\x01\x01\x01\x01\x01/\x01\x00\x01\x00\x00/g' >masks.u16.loss
documents="--separator after --end-of-text 256 masks.u16"

# adds_up OPTION...: one run, one of batches of another size, two ranks, and one that is stopped after each step.
adds_up() {
  checksum "$@" --epochs 2 $documents
  whole=$checksum
  checksum "$@" --epochs 2 --batch-size 5 --workers 3 $documents
  [ "$checksum" = "$whole" ] || fail "feed $* has the same rows in batches of another size"
  checksum "$@" --epochs 2 --rank 0 --world 2 $documents
  parts=$checksum
  checksum "$@" --epochs 2 --rank 1 --world 2 $documents
  [ "$(sum $parts $checksum)" = "$whole" ] || fail "the ranks of feed $* have all rows"
  checksum "$@" --epochs 2 --steps 1 --state state $documents
  parts=$checksum
  while checksum "$@" --epochs 2 --steps 1 --resume state --state state $documents && [ "$(batches)" -gt 0 ]; do
    parts="$parts $checksum"
  done
  [ "$(sum $parts)" = "$whole" ] || fail "feed $* is resumed at every step"
}
adds_up
plain=$whole
out_has ' masked,'
grep -q 'of which 0 masked' out && ! grep -q 'positions: 0,' out && fail 'the mask beside the file is used'
adds_up --no-loss-across --ignore-masked --documents --cu-seqlens
[ "$whole" != "$plain" ] || fail 'what is asked for is in the checksum'
adds_up --pack documents --cu-seqlens --context-documents
adds_up --pack best-fit --documents --cu-seqlens
adds_up --pack best-fit --pack-window 7 --ignore-masked
window=$whole
adds_up --pack bos-aligned --pack-window 16 --cu-seqlens --shuffle none
adds_up --pack best-fit --pack-window 16 --shuffle blocks --context-documents --context-rank 1 --context-world 2
adds_up --skip 3-11 --skip 1:0 --skip 1:2-7
[ "$whole" != "$plain" ] || fail 'rows are skipped'
checksum --pack best-fit --pack-window 8 --ignore-masked --epochs 2 $documents
[ "$checksum" != "$window" ] || fail '--pack-window is of the order'
checksum --loss none $documents
out_has 'of which 0 masked'

# Rows that are skipped are those that are not there: the whole, without them, is the rest.
checksum $documents
whole=$checksum
checksum --skip 0-99999 --skip 1:5 $documents
[ "$(batches)" -eq 0 ] || fail 'an epoch may be skipped'
checksum --skip 6-99999 $documents
first=$checksum
[ "$(batches)" -eq 1 ] || fail 'rows 0 to 5 are left'
checksum --skip 0-5 $documents
[ "$(sum $first $checksum)" = "$whole" ] || fail 'what is skipped and what is left are the whole'

checksum --skip 9-14 --skip 20 $documents
whole=$checksum
checksum --skip 9-14 --steps 1 --state state $documents
first=$checksum
checksum --resume state --skip 20 $documents
[ "$(sum $first $checksum)" = "$whole" ] || fail 'a run that goes on skips what its state says, and what is new'
skips=
i=0
while [ $i -lt 65 ]; do
  skips="$skips --skip $((2 * i))"
  i=$((i + 1))
done
refuses 2 'expected at most 64' -- feed $skips $documents

# Parts of the data have no row in common and are all of it.
checksum --shuffle none --sequence-length 60 --pack documents $documents
out=$(sed -n 's/^feed: .* batches, \([0-9]*\) tokens.*/\1/p' out)
all=0
for part in train validation; do
  checksum --split $part --fraction 0.3 --shuffle none --sequence-length 60 --pack documents $documents
  tokens=$(sed -n 's/^feed: .* batches, \([0-9]*\) tokens.*/\1/p' out)
  [ "$tokens" -gt 0 ] || fail "there is something in $part"
  all=$((all + tokens))
done
[ "$all" -eq "$out" ] || fail 'train and validation are all of it'
checksum --split validation --fraction 0.3 $documents
part=$checksum
checksum --split validation --fraction 0.3 --split-seed 5 $documents
[ "$checksum" != "$part" ] || fail '--split-seed chooses'
checksum --split train --fraction 0.3 --split validation $documents
[ "$checksum" = "$part" ] || fail 'the last --split is taken'
checksum --split train --fraction 0.3 --pack documents --loss none $documents
part=$checksum
run 0 convert --quiet --split train --fraction 0.3 --to npy --output train.npy $documents
checksum --pack documents --loss none --separator after --end-of-text 256 train.npy
[ "$checksum" = "$part" ] || fail 'the documents that are converted are those that are fed'
refuses 2 '--split is given beside --end-of-text, expected --separator too' -- \
  convert --split train --end-of-text 256 --to npy --output x.npy masks.u16
refuses 2 '--fraction is given without' -- convert --fraction 0.3 --to npy --output x.npy masks.u16
run 0 info --split validation --fraction 0.3 $documents
run 0 decode --quiet --split validation --fraction 0.3 --separator after --end-of-text 256 masks.u16
grep -q 'sixty letters' out || fail 'a part is decoded'

# One object for programs.
checksum --no-loss-across $documents
whole=$checksum
cp out lines
run 0 feed $few --no-loss-across --json $documents
grep -qF '"checksum": "'"$whole"'"' out || fail '--json has the checksum'
out_has '"command": "feed"' '"status": "done"' '"error": null' '"bottleneck": "' '"workers": {"threads": 1, "busy_ns": '
grep -q '^positions\|^feed' out && fail '--json is all that is printed'
if command -v python3 >/dev/null; then
  python3 - <<'END' || fail 'JSON says what the lines say'
import json, re
said = json.load(open("out"))
positions, masked, padding, cropped, batches, tokens = map(int, re.findall(r"\b[0-9]+\b", open("lines").read())[:6])
assert (said["masked"], said["padding"], said["cropped"], said["batches"], said["tokens"]) == (masked, padding, cropped, batches, tokens)
assert positions == tokens + padding and masked > 0 and said["trainer"]["wait_ns"] >= 0 and said["pool"]["batches"] == 4
END
fi
run 0 feed $few --json --context-rank 1 --context-world 2 $documents
out_has '"rank": 0' '"world": 1' '"context_rank": 1' '"context_world": 2'
run 0 feed $few --json a.txt:1 b.txt:3
out_has '{"path": "b.txt", "share": 0.75, "tokens": 3264}'
run 1 feed $few --json --vocab-size 50 a.txt
out_has '"status": "failed"' '"error": "a.txt: at byte'
err_has 'a.txt: at byte'

for option in "--skip x" "--skip 5-" "--skip 5-4" "--skip -5" "--skip 1:2:3" "--skip 4294967295:1" "--skip 1-18446744073709551615" \
  "--skip :5" "--skip 5-6-7"; do
  refuses 2 "--skip is ${option#--skip }, expected rows from A to B" -- feed ${option%% *} "${option#* }" $documents
done
refuses 2 '--pack-window is for --pack best-fit and bos-aligned' -- feed --pack-window 9 $documents
refuses 2 '--pack-window is 0, expected' -- feed --pack best-fit --pack-window 0 $documents
refuses 2 '--max-sequences is for --cu-seqlens' -- feed --max-sequences 9 $documents
refuses 2 '--context-documents is for rows of whole documents' -- feed --context-documents $documents
refuses 2 '--context-rank is given without --context-world' -- feed --context-rank 0 $documents
refuses 2 '--context-world is given without --context-rank' -- feed --context-world 2 $documents
refuses 2 '--context-rank is 2, expected below --context-world, which is 2' -- feed --context-rank 2 --context-world 2 $documents
refuses 2 'twice context_world' -- feed --sequence-length 10 --context-rank 0 --context-world 2 $documents
refuses 2 'expected batch_size' -- feed --cu-seqlens --max-sequences 1 $documents
refuses 2 'no document boundaries are known, which no_loss_across needs' -- feed --no-loss-across masks.u16
refuses 2 '--loss is some, expected auto or none' -- feed --loss some $documents
refuses 2 '--split is test, expected gpt2' -- feed --split test $documents
refuses 2 '--fraction is given without --split train or --split validation' -- feed --fraction 0.1 $documents
refuses 2 '--split-seed is given without' -- feed --split-seed 1 $documents
checksum --split train --fraction 0.05 --pack documents --loss none $documents
whole=$checksum
checksum --split train --fraction 5e-02 --pack documents --loss none $documents
[ "$checksum" = "$whole" ] || fail 'a fraction may have an exponent'
for fraction in 0 1 1.5 1e1 -0.1 half nan; do
  refuses 2 "--fraction is $fraction, expected a number between 0 and 1" -- feed --split train --fraction $fraction $documents
done

# Metrics: a file of them, replaced whole; nothing else is.
printf 'some text of a few rows' >metrics.txt
run 0 feed --metrics m.prom --sequence-length 4 --batch-size 2 metrics.txt
grep -qx 'headrace_loader_batches_total{run="m"} 3' m.prom || fail 'three batches are counted'
grep -qx 'headrace_loader_tokens_total{run="m"} 22' m.prom || fail '22 tokens are counted'
grep -qx '# TYPE headrace_loader_trainer_wait_seconds_total counter' m.prom || fail 'a counter of seconds'
[ "$(stat -c %a m.prom)" = 644 ] || [ "$(umask)" != 0022 ] || fail 'others may read the metrics'
run 0 feed --metrics m.prom --rank 1 --world 2 --context-rank 0 --context-world 2 --sequence-length 4 --batch-size 2 metrics.txt
grep -qx 'headrace_loader_workers{run="m",rank="1",context_rank="0"} 1' m.prom || fail 'ranks are labels'
[ "$(ls -A | grep -c m.prom)" -eq 1 ] || fail 'nothing lies beside the metrics'
refuses 1 'metrics.txt: found something else than metrics of headrace, expected those, or no file' -- feed --metrics metrics.txt metrics.txt
[ "$(cat metrics.txt)" = 'some text of a few rows' ] || fail 'a text is not replaced by metrics'
refuses 1 'nowhere/m.prom: create a file beside it' -- feed --metrics nowhere/m.prom metrics.txt
refuses 2 "--metrics is '-', expected a file" -- feed --metrics - metrics.txt
refuses 2 "--metrics is '', expected a file" -- feed --metrics '' metrics.txt
mkfifo pipe
refuses 1 'pipe: is a device, a pipe or a socket' -- feed --metrics pipe metrics.txt
refuses 2 '--metrics and --output are both new.bin, expected different files' -- tokenize --metrics new.bin -o new.bin metrics.txt
refuses 2 '--metrics and --output are both new.bin, expected different files' -- tokenize --metrics "$PWD/new.bin" -o new.bin metrics.txt
run 0 tokenize --quiet --metrics m.prom -o metrics.bin metrics.txt
grep -qx 'headrace_tokenize_tokens_total{run="m"} 24' m.prom || fail 'tokens of tokenize are counted'
grep -qx 'headrace_tokenize_bytes_total{run="m"} 23' m.prom || fail 'bytes of tokenize are counted'
run 0 feed --metrics ./other --sequence-length 4 --batch-size 2 metrics.txt
[ -z "$(cat m.prom other | grep -v '^#' | sed 's/ [^ ]*$//' | sort | uniq -d)" ] || fail 'files of one folder have no sample in common'
