# shellcheck shell=sh
# headrace convert: cli_convert.sh COMMAND
. "$(dirname "$0")/cli.sh"

printf 'text\n' >a.txt
printf '\001\000\002\000' >a.bin
run 0 convert --help
out_has 'Usage: headrace convert' --output --output-separator --end-of-text
refuses 2 'no --output' -- convert --to npy a.bin
refuses 2 'no --to' -- convert -o x.npy a.bin
refuses 2 'no file is named' -- convert --to npy -o x.npy
refuses 2 'standard input is not read' -- convert --to npy -o x.npy -
refuses 2 '--to is text, expected headerless, datatrove, llmc-gpt2, llmc-llama3, megatron or npy' -- convert --to text -o x.npy a.bin
refuses 2 '--output-separator is between, expected keep, none, before or after' -- convert --output-separator between --to npy -o x.npy a.bin
refuses 2 'a.txt: is text, expected files of tokens (headrace tokenize makes them)' -- convert --to npy -o x.npy a.txt
refuses 2 'one of tokens' -- convert --format jsonl --to npy -o x.npy a.bin
refuses 2 '--separator is given without --end-of-text' -- convert --separator after --to npy -o x.npy a.bin
refuses 2 '--output-separator is given without --end-of-text' -- convert --output-separator after --to npy -o x.npy a.bin
refuses 2 'of no use without a separator' -- convert --separator none --end-of-text 1 --to npy -o x.npy a.bin
refuses 2 'a.bin: no documents are known' -- convert --separator none --end-of-text 1 --output-separator after --to npy -o x.npy a.bin
refuses 2 'expected below 65536, for tokens of type u16' -- convert --end-of-text 65536 --output-separator after --to llmc-gpt2 -o x.bin a.bin
refuses 1 'missing.bin' -- convert --to npy -o x.npy missing.bin
refuses 1 'nowhere/x.npy' -- convert --to npy -o nowhere/x.npy a.bin
refuses 2 'x.txt: would be read as text' -- convert --to headerless -o x.txt a.bin
[ -z "$(ls -A | grep '^\.*x')" ] || fail "left of what was refused: $(ls -A)"

# Documents of many lengths, empty ones at both ends and in a row; more tokens than are read at once.
awk 'BEGIN { print "{\"text\":\"\"}"
  for (i = 0; i < 3000; i++) { printf "{\"text\":\"%0*d\"}\n", i * 31 % 97, i; if (i % 100 == 0) print "{\"text\":\"\"}\n{\"text\":\"\"}" }
  print "{\"text\":\"\"}" }' >d.jsonl
formats='headerless datatrove llmc-gpt2 llmc-llama3 megatron npy'
file_of() { # FORMAT FOLDER: prints the path of the tokens
  case $1 in datatrove) echo $2/x.ds ;; npy) echo $2/x.npy ;; *) echo $2/x.bin ;; esac
}
has_index() { [ $1 = datatrove ] || [ $1 = megatron ]; }
usual() { case $1 in llmc*) echo before ;; datatrove | megatron) echo none ;; *) echo after ;; esac; }
same() { # FOLDER FOLDER WHAT: all files are
  diff -r $1 $2 >diff 2>&1 || { cat diff; fail "$3: $1 is $2"; }
}
convert_to() { # FORMAT FOLDER ARGUMENT...: into an empty folder
  to=$1 folder=$2
  shift 2
  rm -rf $folder && mkdir $folder
  run 0 convert --quiet --to $to -o $(file_of $to $folder) "$@"
}

# From every format to every other, byte for byte what tokenize writes in it: ids as they are, and documents by the index or
# the id; with wide ids too.
for id in 256 100257; do
  for format in $formats; do
    mkdir ends.$format
    [ $format$id = llmc-gpt2100257 ] && continue
    run 0 tokenize --quiet --to $format --separator after --end-of-text $id -o $(file_of $format ends.$format) d.jsonl
  done
  for from in $formats; do
    [ $from$id = llmc-gpt2100257 ] && continue
    for to in $formats; do
      if [ $to$id = llmc-gpt2100257 ]; then
        refuses 1 "token 0 of the file is 100257, expected at most 65535: x.bin is to hold u16" -- convert --to $to -o x.bin $(file_of $from ends.$from)
        sed 's/.*headrace convert: //' err | grep -q "^$(file_of $from ends.$from)" || fail "the file is named first"
        refuses 1 "of what --split leaves of the file is 100257" -- convert --split train --fraction 0.5 --to $to -o x.bin $(file_of $from ends.$from)
        refuses 1 "of what --split leaves of the file and what follows" -- decode --split train --fraction 0.5 $(file_of $from ends.$from)
        [ ! -e x.bin ] || fail "nothing is written"
        continue
      fi
      # a type that is wider in one format than in the other stays as wide
      narrow=
      [ $id = 256 ] && [ $from = llmc-llama3 ] && [ $to != llmc-llama3 ] && narrow='--token-type u16'
      [ $id$from$to = 100257megatronnpy ] && narrow='--token-type u32' # else i32
      has_index $from && ends= || ends="--separator after --end-of-text $id"
      convert_to $to into $narrow $ends $(file_of $from ends.$from)
      same into ends.$to "$from to $to, end of text $id"
      if has_index $from && ! has_index $to; then
        err_has 'has no index: the ends of 3,062 documents are kept only where the tokens have end-of-text ids'
      elif [ -s err ]; then
        fail 'nothing is lost, and nothing said'
      fi
    done
  done
  rm -r ends.*
done

# The id is put where a format has it, and taken out where it has none; there and back.
for format in $formats; do
  mkdir usual.$format
  run 0 tokenize --quiet --to $format -o $(file_of $format usual.$format) d.jsonl
done
for from in $formats; do
  for to in $formats; do
    narrow=
    [ $from = llmc-llama3 ] && [ $to != llmc-llama3 ] && narrow='--token-type u16'
    [ $(usual $from)$(usual $to) = nonenone ] && ends= || ends="--end-of-text 256 --output-separator $(usual $to)"
    convert_to $to into $narrow $ends $(file_of $from usual.$from)
    same into usual.$to "$from to $to"
    [ -s err ] && fail "nothing is lost, and nothing said"
  done
done
convert_to headerless into --separator after --end-of-text 256 --output-separator none usual.headerless/x.bin
err_has 'headerless has no index: documents are not kept'
run 0 info --json --quick into/x.bin usual.megatron/x.bin
out_has '"fingerprint"'
cmp into/x.bin usual.megatron/x.bin || fail 'without the ids the tokens are those of a format that has none'
convert_to megatron into usual.headerless/x.bin a.bin
err_has 'no documents are known in 2 files: each is one (--end-of-text finds them)'
run 0 info --json into
out_has '"documents": 2'

# Shards, of several files and of a pattern, are those of tokenize; where no documents are known they are cut anywhere.
head -n 1500 d.jsonl >d1.jsonl
tail -n +1501 d.jsonl >d2.jsonl
for format in $formats; do
  mkdir shards.$format
  run 0 tokenize --quiet --to $format --shard-tokens 20k -o $(file_of $format shards.$format) d.jsonl
done
mkdir two
run 0 tokenize --quiet --to megatron -o two/1.bin d1.jsonl
run 0 tokenize --quiet --to megatron -o two/2.bin d2.jsonl
for to in $formats; do
  [ $(usual $to) = none ] && ends= || ends="--end-of-text 256 --output-separator $(usual $to)"
  for input in 'two/1.bin two/2.idx' 'two/*.bin' two 'shards.datatrove/*.ds'; do
    convert_to $to into --shard-tokens 20k $ends $input
    same into shards.$to "$input to shards of $to"
  done
done
run 0 convert --to npy --shard-tokens 30k -o cut.npy usual.headerless/x.bin
out_has 'tokens (u16), 5 files, npy' 'Mtokens/s'
run 0 info --quick --json cut_000001.npy cut_000004.npy
[ "$(grep -c '"tokens": 30000' out)" -eq 2 ] || fail 'shards without documents have just so many tokens'
run 0 convert --quiet --to headerless -o cut.bin 'cut_*.npy'
cmp cut.bin usual.headerless/x.bin || fail 'shards that were cut anywhere are the whole'

# Loss masks go along: of every format, over shards, without the ids that are taken out; those that are put in are learnt.
cp -r usual.headerless masked
count=$(($(wc -c <masked/x.bin) / 2))
{ head -c 1000 /dev/zero; head -c $((count - 71000)) /dev/zero | tr '\000' '\001'; head -c 70000 /dev/zero; } >masked/x.bin.loss
for to in $formats; do
  convert_to $to there --separator after --end-of-text 256 masked/x.bin
  cmp there/*.loss masked/x.bin.loss || fail "the mask of $to"
  case $to in datatrove | megatron) ends= ;; *) ends='--separator after --end-of-text 256' ;; esac
  convert_to headerless into --token-type u16 $ends $(file_of $to there)
  same into masked "$to and back, with masks"
  convert_to $to into --shard-tokens 20k --separator after --end-of-text 256 masked/x.bin
  cat into/*.loss | cmp - masked/x.bin.loss || fail "the masks of shards of $to"
done
convert_to npy into --shard-tokens 30k masked/x.bin
cat into/*.loss | cmp - masked/x.bin.loss || fail 'the masks of shards that are cut anywhere'
printf '\001\000\002\000\011\000\003\000\011\000' >m.u16
printf '\000\001\001\000\001' >m.u16.loss
run 0 convert --to headerless --end-of-text 9 --output-separator none -o taken.u16 m.u16
out_has '3 tokens (u16, 2 not to be learnt) in 2 documents'
printf '\001\000\002\000\003\000' | cmp - taken.u16 && printf '\000\001\000' | cmp - taken.u16.loss || fail 'ids that are taken out'
run 0 convert --json --to headerless --end-of-text 9 --output-separator before -o put.u16 m.u16
json 'd["tokens"] == 5 and d["masked"] == 2'
printf '\011\000\001\000\002\000\011\000\003\000' | cmp - put.u16 && printf '\001\000\001\001\000' | cmp - put.u16.loss ||
  fail 'ids that are put in'
run 0 convert --to headerless --end-of-text 70000 --output-separator after -o wider.bin m.u16
out_has '6 tokens (u32'
printf '\026' >m.u16.loss # bits, the lowest first
run 0 convert --quiet --force --to headerless --end-of-text 9 --output-separator none -o taken.u16 m.u16
printf '\000\001\000' | cmp - taken.u16.loss || fail 'a mask of bits'

# A part of the data is what the same options read of it; the two parts are all of it.
whole() { "$headrace" info --json "$@" | sed -n '/^  "[tdf]/p'; } # tokens, documents, fingerprint
for format in $formats; do
  has_index $format && ends= || ends="--separator $(usual $format) --end-of-text 256"
  documents=0
  for part in train validation; do
    convert_to $format into --split $part --fraction 0.1 $ends $(file_of $format usual.$format)
    [ "$(whole $ends into)" = "$(whole --split $part --fraction 0.1 $ends usual.$format)" ] || fail "$part of $format"
    documents=$((documents + $(whole $ends into | sed -n 's/.*"documents": \([0-9]*\).*/\1/p')))
  done
  [ $documents -eq 3062 ] || fail "$format: both parts have $documents documents"
done
for word in gpt2 test; do
  refuses 2 "--split is $word, expected train or validation" -- convert --split $word --to npy -o x.npy usual.npy/x.npy
done
refuses 2 'expected --separator too' -- convert --split train --fraction 0.1 --end-of-text 256 --to npy -o x.npy usual.npy/x.npy

# For programs.
run 0 convert --json --to llmc-llama3 -o json.bin usual.megatron/x.bin
json 'd["command"] == "convert" and d["status"] == "done" and d["error"] is None and d["documents"] == 3062' \
  'd["output"] == "json.bin" and d["format"] == "llm.c Llama 3" and d["token_type"] == "u32" and d["files"] == 1' \
  'd["seconds"] > 0 and d["tokens_per_second"] > 0 and d["bytes_per_second"] > 0'
run 0 convert --json --quiet --to npy -o json.npy a.bin
json 'd["tokens"] == 2 and d["documents"] is None' \
  'abs(d["tokens_per_second"] * d["seconds"] - 2) < 1e-3 and abs(d["bytes_per_second"] * d["seconds"] - 4) < 1e-3'

# Types: the input's own where the format has it, one that holds all of it, or what is asked for.
type_of() { "$headrace" info --json --quick $1 | sed -n 's/.*"token_type": "\([a-z0-9]*\)".*/\1/p'; }
printf 'a\000b\000c\000' >abc.u16
for type in u8 i8 i16 u16 u32 i32 i64; do
  run 0 convert --quiet --force --to npy --token-type $type -o t.npy abc.u16
  case $type in u8 | i8 | i16 | u16) small=u16 wide=$type ;; u32) small=u32 wide=i32 ;; *) small=u32 wide=$type ;; esac
  convert_to npy into t.npy
  cmp into/x.npy t.npy || fail "$type to $type"
  convert_to megatron into t.npy
  [ "$(type_of into)" = $wide ] || fail "megatron of $type is $(type_of into)"
  convert_to headerless into t.npy
  [ "$(type_of into)" = $small ] || fail "headerless of $type is $(type_of into)"
  [ $small = u16 ] || convert_to headerless into --token-type u16 t.npy
  [ "$(type_of into)" = u16 ] || fail "headerless of $type is to be u16"
done
refuses 2 'x.u16: says tokens of type u16' -- convert --to headerless -o x.u16 t.npy
printf '\377\377\377\377\001\000\000\000' >negative.u32
refuses 1 'negative.u32: at byte 0: token 0: found id 4294967295' -- convert --to headerless -o x.bin negative.u32
run 1 convert --json --to headerless -o x.bin negative.u32
json 'd["status"] == "failed" and d["error"].startswith("negative.u32: at byte 0") and d["files"] == 0'
[ -z "$(ls -A | grep '^\.*x')" ] || fail "left of an id that cannot be: $(ls -A)"

# What is there stays without --force, and is no input with it.
cp -r usual.megatron m
refuses 1 'm/x.bin: exists' -- convert --to llmc-gpt2 -o m/x.bin usual.headerless/x.bin
refuses 2 'm/x.bin: is read and would be replaced' -- convert --force --to llmc-gpt2 -o m/x.bin m/x.idx
same m usual.megatron 'what was refused'
run 0 convert --quiet --force --to llmc-llama3 -o m/x.bin usual.headerless/x.bin
[ "$(ls -A m)" = x.bin ] || fail "the index of other tokens goes: $(ls -A m)"

# Nothing of a file without tokens, nor of none at all.
: >empty.ds
: >empty.ds.index
refuses 1 'no tokens in the 1 file' -- convert --to npy -o x.npy empty.ds
convert_to megatron into empty.ds usual.datatrove/x.ds empty.ds.index
same into usual.megatron 'a file without tokens beside another'

# A signal takes what was begun with it.
truncate -s 4G big.bin # takes seconds, if nobody stops it
! "$headrace" info --quick big.bin 2>&1 | grep -q 'on this machine$' || exit 0 # 32 bits
"$headrace" convert --quiet --to npy -o y.npy big.bin 2>err & job=$!
while [ ! -e .y.npy.headrace/new/y.npy ]; do kill -0 $job 2>/dev/null || break; done
kill -TERM $job 2>/dev/null && wait $job 2>/dev/null && fail 'stopped by a signal, and says success'
[ -z "$(ls -A | grep 'y.npy')" ] || fail "after the signal: $(ls -A)"
err_has 'stopped by a signal; nothing is written'
exit 0
