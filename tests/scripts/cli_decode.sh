# shellcheck shell=sh
# headrace decode: cli_decode.sh COMMAND [VOCABULARY]     a folder with small.json and small.tiktoken, where they can be used
. "$(dirname "$0")/cli.sh"

printf 'first\nline two \\ "quoted"\tand \001 more\n' >a.txt
printf 'second: \303\274\346\260\264\360\237\221\251' >b.txt
cat "$(command -v sh)" "$(command -v sh)" "$(command -v sh)" | head -c 300000 >c.txt
cat a.txt b.txt c.txt >all.txt
same() { cmp -s "$1" "$2" || fail "$3: $1 is $2"; }

run 0 decode --help
out_has 'Usage: headrace decode' --output --documents --keep-end-of-text
refuses 2 'no file is named' -- decode
refuses 2 '--to is xml, expected text or jsonl' -- decode --to xml a.bin
refuses 2 '--documents is 3-1' -- decode --documents 3-1 a.bin
refuses 2 '--documents is x' -- decode --documents x a.bin
refuses 2 'expected one of them' -- decode --documents 1 --start 2 a.bin
refuses 2 '--start is -1' -- decode --start -1 a.bin
refuses 2 '--malformed keep is not for --to jsonl' -- decode --to jsonl --malformed keep a.bin
refuses 2 '--field is for --to jsonl' -- decode --field x a.bin
refuses 2 'expected UTF-8' -- decode --to jsonl --field "$(printf 'a\377')" a.bin
refuses 2 'a.txt: is text, expected files of tokens' -- decode a.txt
printf '{"text": "line"}\n' >a.jsonl
printf '\001\000' >a.u16
refuses 2 'a.jsonl: is text, expected files of tokens' -- decode a.u16 a.jsonl
refuses 2 'expected one of tokens' -- decode --format text a.txt
refuses 1 'missing.bin' -- decode missing.bin

# text -> ids -> the same bytes, in every format, with every kind of tokenizer
round_trip() { # FORMAT NAME OPTION...
  format=$1 name=$2
  shift 2
  run 0 tokenize --quiet --format text --to $format -o $name "$@" a.txt b.txt c.txt
  run 0 decode "$@" $name
  same out all.txt "$format $*"
  run 0 decode --documents 1 "$@" $name
  same out b.txt "$format $*, document 1"
  run 0 decode --documents 1- --quiet -o part.txt "$@" $name
  cat b.txt c.txt | cmp -s - part.txt || fail "$format $*: documents from 1 on"
  rm part.txt
}
tokenizers=bytes
[ "${2:-}" ] && tokenizers="bytes json ranks"
for tokenizer in $tokenizers; do
  case $tokenizer in
  bytes) option= ;;
  json) option="--tokenizer $2/small.json" ;;
  ranks) option="--tokenizer $2/small.tiktoken --split cl100k" ;;
  esac
  for format in headerless llmc-gpt2 llmc-llama3 megatron; do
    # a rank file of 1000 tokens has the well-known ids beyond 2^16, which llm.c's GPT-2 shards do not hold
    [ $tokenizer$format = ranksllmc-gpt2 ] && continue
    round_trip $format $tokenizer.$format.bin $option
  done
  round_trip datatrove $tokenizer.ds $option
done
run 0 decode bytes.headerless.bin bytes.megatron.bin --separator after
cat all.txt all.txt | cmp -s - out || fail 'files of several formats'
refuses 2 'expected --separator' -- decode bytes.headerless.bin bytes.llmc-gpt2.bin

run 0 tokenize --quiet --separator before -o before.u16.bin a.txt b.txt
run 0 decode --separator before before.u16.bin
cat a.txt b.txt | cmp -s - out || fail 'an end of text before each document is none of its text'
for where in before after; do
  run 0 tokenize --quiet --to megatron --separator $where -o $where.bin a.txt b.txt
  run 0 decode --separator $where $where.bin
  cat a.txt b.txt | cmp -s - out || fail "an end of text $where each document of an index is none of its text"
done
for output in '' x/; do refuses 2 "--output is '$output', expected a file" -- decode -o "$output" after.bin; done
refuses 2 'a part of --ids' -- decode --documents 0 --ids '1 2'

# .jsonl -> shards -> .jsonl
printf '{"text": "one"}\n{"text": ""}\n{"text": "tab\\t, quote \\", \\\\, \\u0001, ü水👩"}\n{"text": "last"}\n' >d.jsonl
for format in headerless datatrove llmc-gpt2 megatron; do
  run 0 tokenize --quiet --to $format --shard-tokens 5 -o d.$format.bin d.jsonl
  case $format in datatrove) files='d.datatrove.bin_*.ds' ;; *) files="d.${format}_*.bin" ;; esac
  run 0 decode --to jsonl "$files"
  same out d.jsonl "$format, shards"
done
run 0 decode --to jsonl --field 'a "b"' --documents 3 'd.megatron_*.bin'
out_has '{"a \"b\"": "last"}'


# empty documents stay at the end as well, and are in one of two parts that lie one behind the other
printf '{"text": ""}\n{"text": "one"}\n{"text": ""}\n{"text": "two"}\n{"text": ""}\n{"text": ""}\n' >e.jsonl
for format in headerless datatrove llmc-gpt2 megatron; do
  run 0 tokenize --quiet --to $format -o e.$format.bin e.jsonl
  case $format in datatrove) file=e.datatrove.bin.ds ;; *) file=e.$format.bin ;; esac
  run 0 decode --to jsonl $file
  same out e.jsonl "$format, empty documents at both ends"
done
run 0 decode --to jsonl --tokens 3 -o e1.jsonl e.megatron.bin
run 0 decode --to jsonl --start 3 -o e2.jsonl e.megatron.bin
cat e1.jsonl e2.jsonl | cmp -s - e.jsonl || fail 'a part up to token 3, and one from there on'

# parts, ids, and what is no text
run 0 decode --start 6 --tokens 4 bytes.megatron.bin
[ "$(cat out)" = line ] || fail 'tokens 6 to 9 are "line"'
for format in headerless llmc-gpt2 megatron; do
  refuses 2 '--documents begins with 3, expected less than 3' -- decode --documents 3- -o none.txt bytes.$format.bin
done
[ ! -e none.txt ] || fail 'a document that is not there is no empty text'
refuses 2 '--start is 1,000,000' -- decode --start 1M bytes.megatron.bin
run 0 decode --ids ' 72 101,121 '
[ "$(cat out)" = Hey ] || fail 'ids are decoded'
refuses 2 "--ids is '1 x'" -- decode --ids '1 x'
refuses 1 '--ids: ids[1] is 257' -- decode --ids '1 257'
refuses 2 '--ids is given beside d.bin' -- decode --ids 1 d.bin
run 1 decode --to jsonl --documents 2 bytes.llmc-llama3.bin
err_has 'bytes.llmc-llama3.bin: in document 2, token ' 'what follows: text: at byte' 'expected UTF-8' '--malformed replace'
run 1 decode --to jsonl --start $(cat a.txt b.txt | wc -c) bytes.megatron.bin
err_has 'bytes.megatron.bin: in document 2, token '
run 0 decode --to jsonl --malformed replace --documents 1- bytes.headerless.bin
[ "$(wc -l <out)" -eq 2 ] || fail 'a line for each document'
out_has 'second: ü水👩'
run 0 tokenize --quiet --end-of-text 300 -o wide.bin a.txt b.txt
refuses 1 'wide.bin: in document 0' -- decode --separator none wide.bin
run 0 decode --end-of-text 300 wide.bin
cat a.txt b.txt | cmp -s - out || fail 'another end of text'
if [ "${2:-}" ]; then
  run 0 decode --tokenizer "$2/small.json" --keep-end-of-text json.headerless.bin
  out_has '<|endoftext|>second'
fi

# files are written aside, and replaced by force only
printf precious >x.txt
refuses 1 'x.txt: exists' -- decode -o x.txt bytes.megatron.bin
[ "$(cat x.txt)" = precious ] || fail 'what is there stays'
refuses 1 'ids[' -- decode --quiet --force -o x.txt --separator none wide.bin
[ "$(cat x.txt)" = precious ] || fail 'what is there stays when decoding fails'
ln -s x.txt link.txt
chmod 640 x.txt
run 0 decode --force -o link.txt bytes.megatron.bin
out_has 'in 3 documents' 'of text'
same x.txt all.txt 'through a link'
[ -L link.txt ] && [ "$(stat -c %a x.txt)" = 640 ] || fail 'the link and the mode stay'
refuses 1 'is a device' -- decode --force -o /dev/null bytes.megatron.bin
refuses 2 'is read and would be replaced' -- decode --force -o bytes.megatron.bin bytes.megatron.bin
run 0 decode -o - bytes.megatron.bin
same out all.txt 'standard output'
[ -z "$(ls -A | grep '^\.x')" ] || fail "left: $(ls -A)"

# who has read enough closes the pipe
"$headrace" decode bytes.megatron.bin 2>err | head -c 5 >out
[ "$(cat out)" = first ] && [ ! -s err ] || fail 'a closed pipe is no error'
"$headrace" decode bytes.megatron.bin >/dev/full 2>err && fail 'a full disk is an error'
err_has 'stdout: write: No space left'

# a signal takes what was begun with it
yes 'a line of text' | head -c 60000000 >big.txt
run 0 tokenize --quiet --separator none -o big.bin big.txt
"$headrace" decode --quiet --to jsonl -o y.txt big.bin 2>err & job=$!
while ! ls -A | grep -q '^\.y.txt'; do kill -0 $job 2>/dev/null || break; done
kill -TERM $job 2>/dev/null && wait $job 2>/dev/null && fail 'stopped by a signal, and says success'
[ -z "$(ls -A | grep 'y.txt')" ] || fail "after the signal: $(ls -A)"
err_has 'stopped by a signal; nothing is written'

# also while nobody reads what it writes
mkfifo pipe
{ head -c 1 >begun; exec sleep 120; } <pipe & reader=$!
"$headrace" decode --quiet big.bin >pipe & job=$!
until [ -s begun ] && grep -q '^State:.S' /proc/$job/status; do kill -0 $job || break; done
kill -TERM $job
timeout 30 tail --pid=$job -f /dev/null || fail 'a signal ends what waits for a reader'
kill $reader
exit 0
