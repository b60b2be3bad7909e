# shellcheck shell=sh
# headrace tokenize: cli_tokenize.sh COMMAND [sentencepiece]     the package that the command was built with
. "$(dirname "$0")/cli.sh"

printf 'first\n' >a.txt
printf 'second\n' >b.txt
run 0 tokenize --help
out_has 'Usage: headrace tokenize' --output --shard-tokens
refuses 2 'no --output' -- tokenize a.txt
refuses 2 '--split train and validation are for what reads tokens' -- tokenize --split train --output x.bin a.txt
refuses 2 '--type is for files of tokens that are read, expected --token-type' -- tokenize --type u32 -o out.bin a.txt
refuses 2 'no file is named' -- tokenize -o out.bin
refuses 2 'standard input is not read' -- tokenize -o out.bin -
refuses 2 '(--field) is for .jsonl' -- tokenize -o out.bin --field x a.txt
refuses 2 '(--on-bad-line) is for .jsonl' -- tokenize -o out.bin --on-bad-line skip a.txt
refuses 2 'of no use without a separator' -- tokenize -o out.bin --separator none --end-of-text 5 a.txt
refuses 2 '--to is gpt5, expected headerless, datatrove, llmc-gpt2, llmc-llama3, megatron or npy' -- tokenize -o out.bin --to gpt5 a.txt
refuses 2 '12x' -- tokenize -o out.bin --shard-tokens 12x a.txt
refuses 2 'f16' -- tokenize -o out.bin --token-type f16 a.txt
refuses 2 'behind' -- tokenize -o out.bin --separator behind a.txt
refuses 2 'many' -- tokenize -o out.bin --end-of-text many a.txt
refuses 2 '--workers is 0, expected a whole number from 1 to 4096' -- tokenize -o out.bin --workers 0 a.txt
refuses 2 '--workers is all' -- tokenize -o out.bin --workers all a.txt
refuses 1 'missing.txt' -- tokenize -o out.bin missing.txt
refuses 1 'nowhere/out.bin' -- tokenize -o nowhere/out.bin a.txt
[ "$(ls -A | grep -c out.bin)" -eq 0 ] || fail 'nothing is left of what failed'

run 0 tokenize -o out.bin a.txt b.txt
out_has '15 tokens (u16) in 2 documents'
[ "$(wc -c <out.bin)" -eq 30 ] || fail '13 bytes and two ends of text are 15 tokens'
refuses 1 'out.bin: exists' -- tokenize -o out.bin a.txt

# For programs: one object on stdout, whatever is said on stderr; none where the run is refused before it begins.
run 0 tokenize --json --workers 1 -o json.bin a.txt b.txt
json 'd["command"] == "tokenize" and d["status"] == "done" and d["error"] is None' \
  'd["output"] == "json.bin" and d["format"] == "headerless" and d["token_type"] == "u16"' \
  'd["tokens"] == 15 and d["documents"] == 2 and d["files"] == 1 and d["bytes"] == 13 and d["bad_lines"] == 0' \
  'd["seconds"] > 0 and d["tokens_per_second"] > 0 and d["bytes_per_second"] > 0' \
  'abs(d["tokens_per_second"] * d["seconds"] - 15) < 1e-3 and abs(d["bytes_per_second"] * d["seconds"] - 13) < 1e-3' \
  'd["bottleneck"] in ("reader", "workers", "writer")' \
  'all(d[s]["busy_ns"] > 0 and d[s]["wait_ns"] == 0 for s in ("reader", "workers", "writer"))' \
  '[d[s]["threads"] for s in ("reader", "workers", "writer")] == [0, 0, 1]'
[ -s err ] && fail 'nothing is said on stderr'
if command -v python3 >/dev/null; then
  "$headrace" tokenize --json --force -o json.bin a.txt b.txt | python3 -m json.tool >out || fail 'JSON through a pipe'
fi
yes 'a line of text' | head -c 3000000 >long.txt
run 0 tokenize --json --quiet --force --workers 3 -o json.bin long.txt
json 'd["tokens"] == 3000001 and [d[s]["threads"] for s in ("reader", "workers", "writer")] == [1, 3, 1]' \
  'all(d[s]["busy_ns"] > 0 and d[s]["wait_ns"] >= 0 for s in ("reader", "workers", "writer"))' \
  'd["workers"]["wait_ns"] > 0 and d["writer"]["wait_ns"] > 0'
printf 'bad "line"\n' >bad.jsonl
run 1 tokenize --json -o failed.bin a.txt bad.jsonl
json 'd["status"] == "failed" and d["files"] == 0 and d["error"].startswith("bad.jsonl: at byte 0: line 1: found no JSON")'
err_has 'headrace tokenize: bad.jsonl: at byte 0'
refuses 1 'out.bin: exists' -- tokenize --json -o out.bin a.txt
rm json.bin long.txt bad.jsonl
run 0 tokenize --force --quiet --token-type auto -o out.bin a.txt
[ -s out ] && fail 'nothing is printed with --quiet'

# What is written does not depend on how many write it.
i=0
while [ $i -lt 3000 ]; do echo "{\"text\":\"document number $i, of some more words than a few\", \"n\": \"$(printf %0300d $i)\"}"; i=$((i + 1)); done >many.jsonl
for workers in 1 2 3 8; do run 0 tokenize -o "w$workers.bin" --workers $workers --squeeze-space many.jsonl a.txt; done
out_has 'in 3,001 documents' 'B/s' 'Mtokens/s'
for workers in 2 3 8; do cmp -s w1.bin "w$workers.bin" || fail "$workers workers write something else"; done

run 0 tokenize -o gpt.bin --to llmc-gpt2 --end-of-text 50256 a.txt b.txt
run 0 info --json gpt.bin
out_has '"format": "llm.c GPT-2"' '"tokens": 15' '"largest_id": 50256'
refuses 2 'at most 65536' -- tokenize -o big.bin --to llmc-gpt2 --end-of-text 65536 a.txt
run 0 tokenize -o llama.bin --to llmc-llama3 --end-of-text 128000 a.txt
run 0 info --json llama.bin
out_has '"format": "llm.c Llama 3"' '"largest_id": 128000'

run 0 tokenize -o m.bin --to megatron a.txt b.txt
run 0 info --json m.idx
out_has '"tokens": 13' '"documents": 2'
run 0 tokenize -o t --to datatrove --shard-tokens 1 a.txt b.txt
run 0 info --json 't_*.ds'
out_has '"tokens": 13' '"documents": 2' t_000002.ds
text=$("$headrace" info a.txt b.txt | grep fingerprint)
[ "$text" = "$("$headrace" info m.bin | grep fingerprint)" ] || fail 'the same tokens have the same fingerprint'

printf '{"text":"a"}\nno json\n{"doc":{"text":"b"}}\n' >bad.json
refuses 1 'line 2' -- tokenize -o bad.bin bad.json
run 0 tokenize -o bad.bin --on-bad-line skip bad.json
out_has '2 tokens (u16) in 1 document'
err_has 'headrace tokenize: 2 bad lines of .jsonl passed over'
run 0 tokenize -o bad.bin --quiet --force --on-bad-line skip bad.json
err_has 'headrace tokenize: 2 bad lines of .jsonl passed over'
printf 'bad\n' >worse.jsonl
refuses 1 'no tokens in the 1 file (bad lines passed over: 1)' -- info --on-bad-line skip worse.jsonl
run 0 info --on-bad-line skip bad.json
out_has 'bad lines    2'
run 0 info --json --on-bad-line skip --field doc.text bad.json
out_has '"bad_lines": 2'
refuses 1 'more than 10 bytes' -- info --longest-document 10 bad.json
refuses 2 'never' -- info --on-bad-line never bad.json
refuses 2 '12x' -- info --longest-document 12x bad.json
# tokenizers from files
refuses 1 'a.txt: at byte 0: found a text, expected a tokenizer.json' -- info --tokenizer a.txt a.txt
refuses 2 '--split is for the file of a tokenizer, and --tokenizer names none' -- info --split gpt2 a.txt
refuses 2 '--specials is all, expected ignore, allow or error' -- info --specials all a.txt
refuses 2 '--special is x, expected TEXT=ID' -- info --special x a.txt
refuses 2 '--special is =1, expected TEXT=ID' -- info --special =1 a.txt
if [ "${3:-}" = pcre2 ]; then
  small=$4/small
  printf 'the water<|endoftext|> wheel' >special.txt
  refuses 2 '--split is not given, expected gpt2, cl100k' -- info --tokenizer $small.tiktoken
  refuses 2 '--split is given, and of no use' -- info --split gpt2 --tokenizer $small.json
  refuses 2 '--special is given, and of no use' -- info --special 'x=1' --tokenizer $small.json
  refuses 2 '--special is 5, expected an id that' -- info --special 'x=5' --split gpt2 --tokenizer $small.tiktoken
  run 0 info --split cl100k --tokenizer $small.tiktoken --special '<x=>=2000' --specials allow
  out_has 'tokenizer     rank file' 'vocabulary    100,277' 'end of text   100257' 'added tokens  6' 'specials      allow' 'split         cl100k, Unicode 1'
  run 0 info --json --tokenizer $small.json
  out_has '"tokenizer": "tokenizer.json"' '"vocab_size": 1001' '"end_of_text": 1000' '"specials": "ignore"' '"split": "gpt2"' '"normal_form": "none"'
  sed 's/"added_tokens": \[[^]]*\]/"added_tokens": []/; s/"use_regex": true/"use_regex": false/g' $small.json >plain.json
  run 0 info --tokenizer plain.json
  out_has 'end of text   none' 'added tokens  0' 'split         none'
  refuses 2 'no end-of-text id, expected --end-of-text' -- tokenize --tokenizer plain.json -o no_end.bin a.txt
  run 0 info --json --tokenizer plain.json
  out_has '"vocab_size": 1000' '"end_of_text": null' '"split": null' '"normal_form": "none"' '"normal_unicode": null'
  if "$headrace" --version | grep -q '^utf8proc:'; then
    sed 's/"normalizer": null/"normalizer": {"type": "NFC"}/' $small.json >nfc.json
    run 0 info --tokenizer nfc.json
    out_has 'normal form   nfc, Unicode 1'
  fi
  # the order of options does not matter
  run 0 tokenize --quiet -o one.u16 --tokenizer $small.tiktoken --special '<|endoftext|>=1000' --split gpt2 --specials allow special.txt
  run 0 tokenize --quiet -o two.u16 --specials allow --split gpt2 --special '<|endoftext|>=1000' --tokenizer $small.tiktoken special.txt
  run 0 tokenize --quiet -o three.u16 --specials allow --tokenizer $small.json special.txt
  cmp one.u16 two.u16 && cmp one.u16 three.u16 || fail 'the same ids in any order, and from a tokenizer.json'
  run 0 tokenize --quiet -o four.u16 --tokenizer $small.json special.txt
  cmp one.u16 four.u16 >/dev/null && fail 'special tokens are text by default'
  refuses 1 'at byte 9 of the text: found the special token <|endoftext|>' -- tokenize --quiet -o five.u16 --specials error --tokenizer $small.json special.txt
  { yes 'the water wheel' | head -n 100000; cat special.txt; } >far.txt # in parts, but the place is that in the whole
  refuses 1 'at byte 1600009 of the text: found the special token' -- tokenize --quiet -o five.u16 --specials error --tokenizer $small.json far.txt
  run 0 feed --quiet --batch-size 1 --sequence-length 2 --tokenizer $small.json special.txt
else
  refuses 1 'needs PCRE2' -- info --split gpt2 --tokenizer $4/small.tiktoken
fi

# what is written is read, with default options
tokens() { "$headrace" info --json "$@" | sed -n 's/.*"tokens": \([0-9]*\).*/\1/p' | tail -1; }
for name in wide.bin wide.u32 wide wide.v2; do
  run 0 tokenize --quiet --end-of-text 100257 -o $name a.txt
  [ "$(tokens $name)" = 7 ] || fail "$name: $(tokens $name) tokens"
done

# a name that cannot be an output's is bad usage; what stands under a good one is not
refuses 2 'u16' -- tokenize --end-of-text 100257 -o wide.u16.bin a.txt
refuses 2 'text' -- tokenize -o wide.txt a.txt
refuses 2 'a companion of another file' -- tokenize -o wide.metadata a.txt
refuses 2 'standard output' -- tokenize -o - a.txt
refuses 2 'names a directory' -- tokenize -o new/ a.txt
refuses 2 'path is empty' -- tokenize -o '' a.txt
cp a.txt a.u16
refuses 2 'is read and would be replaced' -- tokenize --force --format text -o a.u16 a.u16
mkdir taken.bin
refuses 1 'is a directory' -- tokenize --force -o taken.bin a.txt
rm -r a.u16 taken.bin

# a run owns its names
mkdir s
printf 'third\n' >c.txt
run 0 tokenize --quiet --separator none --shard-tokens 1 -o s/x.bin a.txt b.txt c.txt
printf 'precious' >s/x_notes.bin
refuses 1 's/x_000001.bin: exists' -- tokenize -o s/x.bin a.txt
run 0 tokenize --quiet --force --separator none --shard-tokens 1 --to megatron -o s/x.bin a.txt b.txt
[ "$(ls -A s | tr '\n' ' ')" = 'x_000001.bin x_000001.idx x_000002.bin x_000002.idx x_notes.bin ' ] || fail "left: $(ls -A s)"
run 0 tokenize --quiet --force --separator none -o s/x.bin b.txt
[ "$(ls -A s | tr '\n' ' ')" = 'x.bin x_notes.bin ' ] || fail "left: $(ls -A s)"

# only regular files are replaced; links are followed
refuses 1 '/dev/full' -- tokenize --force -o /dev/full a.txt
[ -c /dev/full ] || fail '/dev/full is a device'
ln -s s/x.bin link.bin
run 0 tokenize --quiet --force --separator none -o link.bin a.txt
[ -L link.bin ] && [ "$(tokens s/x.bin)" = 6 ] || fail 'the link stays, its file is replaced'

# a signal leaves what was there
yes 'a line of text' | head -c 40000000 >big.txt
"$headrace" tokenize --json --quiet --force --separator none -o s/x.bin big.txt >out 2>err & job=$!
while [ ! -e s/.x.bin.headrace/new/x.bin ]; do kill -0 $job || break; done
kill -TERM $job && wait $job 2>/dev/null && fail 'stopped by a signal, and says success'
json 'd["status"] == "stopped" and d["error"] is None and d["bytes"] < 40000000'
[ "$(tokens s/x.bin)" = 6 ] && [ "$(ls -A s | tr '\n' ' ')" = 'x.bin x_notes.bin ' ] || fail "after the signal: $(ls -A s)"

# what is interrupted goes on, and is in the end what it would have been
awk 'BEGIN { for (i = 0; i < 60000; i++) { if (i % 97 == 0) print "bad"; else printf "{\"text\":\"%0*d\"}\n", i % 113, i } }' >part.jsonl
mkdir whole kept
run 0 tokenize --quiet --on-bad-line skip --shard-tokens 100k --to megatron -o whole/x.bin part.jsonl a.txt
again='tokenize --quiet --continue --on-bad-line skip --shard-tokens 100k --to megatron -o kept/x.bin part.jsonl a.txt'
shards() { ls kept | wc -l; }
for _ in 1 2 3 4 5 6; do
  before=$(shards)
  "$headrace" $again 2>err & job=$!
  while [ "$(shards)" -le $((before + 3)) ]; do kill -0 $job 2>/dev/null || break; done
  kill -KILL $job 2>/dev/null
  wait $job 2>/dev/null
done
if [ -e kept/.x.bin.headrace/unfinished ]; then
  refuses 1 'of a run that is not finished' -- tokenize --on-bad-line skip --shard-tokens 100k --to megatron -o kept/x.bin part.jsonl a.txt
  refuses 2 '(--shard-tokens) is 200000, expected 100000' -- tokenize --continue --on-bad-line skip --shard-tokens 200k --to megatron -o kept/x.bin part.jsonl a.txt
  refuses 2 'the input is b.txt, expected a.txt' -- tokenize --continue --on-bad-line skip --shard-tokens 100k --to megatron -o kept/x.bin part.jsonl b.txt
  run 0 $again
fi
diff -r whole kept || fail 'what went on is what it would have been'
refuses 2 '--continue and --force' -- tokenize --continue --force -o kept/x.bin a.txt

rm -r kept && mkdir kept
"$headrace" tokenize --on-bad-line skip --shard-tokens 40k -o kept/x.bin part.jsonl 2>err & job=$!
while [ ! -e kept/x_000002.bin ]; do kill -0 $job 2>/dev/null || break; done
kill -TERM $job && wait $job 2>/dev/null && fail 'stopped by a signal, and says success'
err_has 'stopped by a signal; kept:' '--continue goes on behind'
run 0 tokenize --on-bad-line skip --continue --shard-tokens 40k -o kept/x.bin part.jsonl
err_has 'goes on behind'
out_has "in $(grep -c text part.jsonl | sed 's/\(...\)$/,\1/') documents"

printf 'no document\n' >bad.jsonl
run 1 tokenize --quiet --shard-tokens 1 -o kept/y.bin a.txt b.txt bad.jsonl
err_has 'bad.jsonl: at byte 1' 'kept: 1 whole shard; the same command with --continue goes on behind'

# Compressed text, and a member of a member, are what they are without: in one piece or several, for every command.
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"meta\":{\"text\":\"document %d, some words\"},\"text\":\"other %d\"}\n", i, i }' >plain.jsonl
yes 'a line of text' | head -c 700000 >plain.txt
same_as() { # FILE PLAIN OPTION...: the same tokens, fingerprint and checksum
  file=$1 plain=$2
  shift 2
  for which in $file $plain; do
    run 0 tokenize --quiet --force "$@" -o packed.$which.bin $which
    run 0 info "$@" $which
    sed -n '/^$/,$p' out >packed.$which.info # without the line of the file, which says how it is packed
    run 0 feed --quiet --sequence-length 100 "$@" $which
    cp out packed.$which.feed
  done
  for what in bin info feed; do
    cmp -s packed.$file.$what packed.$plain.$what || fail "$what of $file is that of $plain"
  done
  rm packed.*
}
refuses 1 'found an object as "meta"' -- tokenize --field meta -o no.bin plain.jsonl
refuses 1 'found nothing as "meta.more", expected a string or an array of spans; another member is named by options.text_field, --field' -- tokenize --field meta.more -o no.bin plain.jsonl
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "{\"meta.text\":\"document %d, some words\"}\n", i }' >whole.jsonl
same_as whole.jsonl plain.jsonl --field meta.text # the whole name comes before the path
for packer in gzip zstd; do
  command -v $packer >/dev/null || continue
  case $packer in gzip) end=gz ;; *) end=zst ;; esac
  $packer -qc plain.txt >probe.txt.$end
  "$headrace" info probe.txt.$end 2>&1 | grep -q 'built without' && continue
  for kind in jsonl txt; do
    [ $kind = jsonl ] && field='--field meta.text' || field=
    $packer -qc plain.$kind >one.$kind.$end
    { head -n 1234 plain.$kind | $packer -qc; tail -n +1235 plain.$kind | $packer -qc; } >two.$kind.$end
    same_as one.$kind.$end plain.$kind $field
    same_as two.$kind.$end plain.$kind $field
    head -c $(($(wc -c <two.$kind.$end) - 5)) two.$kind.$end >cut.$kind.$end
    for command in 'info' 'feed --quiet' 'tokenize --quiet -o no.bin'; do
      refuses 1 "cut.$kind.$end: at byte $(wc -c <cut.$kind.$end): found the end of the file inside a" -- $command $field cut.$kind.$end
    done
  done
  : >empty.txt.$end
  refuses 1 "empty.txt.$end: at byte 0: found no magic" -- info empty.txt.$end
done
[ -e no.bin ] && fail 'what is cut off leaves nothing'
exit 0
