# shellcheck shell=sh
# headrace show: cli_show.sh COMMAND [sentencepiece], the package that the command was built with. (What a terminal gets: cli_terminal.py.)
. "$(dirname "$0")/cli.sh"
LC_ALL=C.UTF-8
export LC_ALL
unset NO_COLOR

printf 'A mill race is \tthe channel\nthat brings the water. Gr\303\274\303\237e \033[31mred\007 \200\377 \342\200\256end\r\n' >a.txt
printf '{"text":"one"}\n{"text":"twelve bytes"}\n{"text":"three"}\n{"text":"a document of some more bytes"}\n' >d.jsonl
few="--sequence-length 8 --batch-size 2 --shuffle none"

run 0 show --help
out_has 'Usage: headrace show' --json --epoch --pack FILE:WEIGHT
run 0 show $few a.txt
out_has 'epoch 0, step 0: 2 rows of 8 positions, places 0-1' '16 tokens, 0 masked, 0 padding' \
  'row 0, place 0: 8 tokens of 1 document' '  0: 8 tokens |A mill ra|' '  0: 8 tokens |ace is ⇥t|'
run 0 show $few --steps 7 a.txt
[ "$(grep -c '^epoch 0, step' out)" -eq 5 ] && [ "$(grep -c '^epoch 1, step' out)" -eq 2 ] || fail 'several steps are shown'
run 0 show $few --steps 6 --step 3 a.txt
out_has 'epoch 0, step 3: 2 rows' 'epoch 0, step 4: 2 rows'
[ "$(grep -c '^epoch 0, step' out)" -eq 2 ] || fail 'several steps are shown from one on, up to the end of its epoch'
run 0 show --sequence-length 90 --batch-size 2 a.txt
out_has '|A mill race is ⇥the channel⏎that brings the water. Grüße \x1B[31mred\x07 \x80\xFF \xE2\x80\xAEend␍⏎|' \
  '11 x padding' 'row 1, of no place: beyond the end of the epoch' '90 x padding' '101 padding (56.1 %)'
run 0 show --sequence-length 90 --batch-size 32 a.txt
out_has 'rows 1 to 31, of no place: beyond the end of the epoch' '  90 x padding each'
[ "$(grep -c padding out)" -eq 3 ] || fail 'rows of no place are said once'
run 0 show --sequence-length 90 --batch-size 32 --rows 3 a.txt
out_has 'rows 1 to 2, of no place' '(29 rows more)'
LC_ALL=C run 0 show --sequence-length 90 --batch-size 2 a.txt
out_has '|A mill race is \tthe channel\nthat brings the water. Grüße \x1B[31mred\x07 \x80\xFF \xE2\x80\xAEend\r\n|'
grep -q "$(printf '[\001-\011\013-\037\177]')" out && fail 'no control character is sent'
printf 'nul\0and \330\234end' >nul.txt
run 0 show --sequence-length 14 --batch-size 1 nul.txt
out_has '|nul\x00and \xD8\x9Cend|'
[ "$(tr -d '\000' <out | wc -c)" = "$(wc -c <out)" ] || fail 'nor the one that is no character to a shell'
run 0 show $few --ids a.txt
out_has '  0: 8 tokens  65 32 109 105 108 108 32 114 97'
run 0 show $few --rows 1 a.txt
out_has 'row 0' '(1 row more)'
grep -q '^row 1' out && fail '--rows limits them'
run 0 show $few --epoch 3 --step 1 a.txt
out_has 'epoch 3, step 1: 2 rows of 8 positions, places 2-3'
run 0 show $few --rank 1 --world 2 a.txt
out_has 'epoch 0, step 0, rank 1 of 2: 2 rows of 8 positions, places 2-3'

# Every packing.
run 0 show $few d.jsonl
out_has 'row 0, place 0: 8 tokens of 2 documents' '  0: 3 tokens |one|' '  1: 5 tokens |twelve|'
run 0 show $few --pack documents d.jsonl
out_has 'row 0, place 0: 2 tokens of 1 document' '  0: 2 tokens |one|' '  6 x padding' '  0: 8 tokens |twelve by|'
run 0 show $few --pack best-fit --steps 9 d.jsonl
out_has '|one|' '|three|'

# Mixes, and runs that go on.
run 0 show --sequence-length 8 --batch-size 8 --steps 9 a.txt:3 d.jsonl:1
out_has 'epoch 0, step 1: 8 rows'
run 0 feed --quiet $few --steps 2 --state state a.txt
run 0 show $few --resume state a.txt
out_has 'epoch 0, step 2: 2 rows of 8 positions, places 4-5'
run 0 show $few --resume state --step 0 a.txt
out_has 'epoch 0, step 0: 2 rows of 8 positions, places 0-1'

# Files of tokens: ids, and text where a tokenizer is named.
run 0 tokenize --quiet --to llmc-gpt2 --output d.bin d.jsonl
run 0 show $few d.bin
out_has '  0: 8 tokens  256 111 110 101 256 116 119 101 108'
run 0 show $few --tokenizer bytes d.bin
out_has '  0: 8 tokens |<256>one<256>twel|'
printf '\377\377' | cat - d.bin >/dev/null
printf '\101\0\377\377\102\0\103\0\104\0' >odd.u16
run 0 show $few --tokenizer bytes odd.u16
out_has '|A<65535>BCD|'

# What is masked, in the stream and in documents: the two letters behind each question mark are not to be learnt.
printf '{"text":"who? we."}\n{"text":"why? so, and so on."}\n{"text":"a?"}\n' >q.jsonl
run 0 tokenize --quiet --to headerless --output q.u16 q.jsonl
: >q.u16.loss
# shellcheck disable=SC2059 # printf makes the byte
for learnt in 1 1 1 1 0 0 1 1 1 1 1 1 1 0 0 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1; do printf "\\00$learnt" >>q.u16.loss; done
questions="--tokenizer bytes --separator after --end-of-text 256 --shuffle none --batch-size 2 q.u16"
run 0 show --sequence-length 15 $questions
out_has '30 tokens, 4 masked (13.3 %), 0 padding' 'masked: [-in brackets-]' '  0: 9 tokens, 2 masked |who?[- w-]e.<256>|' \
  '  1: 6 tokens, 2 masked |why?[- s-]o|'
run 0 show --sequence-length 15 --no-loss-across $questions
out_has '6 masked' '  0: 9 tokens, 3 masked ' '|[-w-]hy?[- s-]o|'
run 0 show --sequence-length 15 --loss none $questions
out_has ' 0 masked'
run 0 show --sequence-length 15 --ignore-masked --json $questions
out_has '"target": [[104,111,63,-100,-100,101,46,256,119,104,121,63,-100,-100,111],'
run 0 show --sequence-length 24 --pack best-fit --cu-seqlens --steps 1 $questions
out_has '|why?[- s-]o, and so on.<256>|' '|who?[- w-]e.<256>|' '|a?<256>|' '0 cropped' 'sequences, the longest of 19; cu_seqlens 0 '
run 0 show --sequence-length 12 --pack bos-aligned --steps 1 $questions
out_has '|why?[- s-]o, and |' '7 cropped'
run 0 show --sequence-length 24 --pack best-fit --cu-seqlens --json $questions
out_has '"cu_seqlens": [0,' '"max_seqlen": 19'

# Parts of rows for two ranks of a context, of documents and of the stream.
run 0 show --sequence-length 24 --pack documents --context-documents --context-rank 0 --context-world 2 $questions
out_has 'context rank 0 of 2: 2 rows of 12 positions' '  0: 2 tokens        |who|' '  0: 2 tokens from 6 |e.<256>|' \
  '  0: 5 tokens, 2 masked            |why?[- s-]|' '  0: 4 tokens from 15, 1 x padding | on.<256>|'
run 0 show --sequence-length 24 --pack documents --context-documents --context-rank 1 --context-world 2 $questions
out_has '  0: 4 tokens from 2, 2 masked |o?[- w-]e|' '  0: 10 tokens from 5 |so, and so |'
printf '\011\0\0\0\0\0\0\0\010\0\0\1' >zeros.u16
printf '\1\0\0\0\1\1' >zeros.u16.loss
run 0 show --sequence-length 8 --batch-size 1 --pack documents --context-documents --context-rank 0 --context-world 2 \
  --separator after --end-of-text 256 zeros.u16
out_has '2 tokens, 2 masked (100 %), 2 padding (50 %)' # tokens of id 0 that are masked are no padding
run 0 show --sequence-length 12 --context-rank 0 --context-world 2 $questions
out_has '  0: 3 tokens |who?|' '  1: 3 tokens |why?|'

# The rows of a step, and the run without them.
run 0 show $few --step 1 a.txt
out_has 'places 2-3'
run 0 show $few --skip 2-3 --step 1 a.txt
out_has 'places 4-5'
run 0 show $few --skip 1 --skip 4-5 --batch-size 4 a.txt
out_has 'places 0 and 2-3 and 6'
run 0 show $few --skip 1 --json a.txt
out_has '"places": [0,2]'

# Parts of the data, and windows of few documents.
run 0 show $few --split validation --fraction 0.5 --pack documents d.jsonl
run 0 show $few --pack best-fit --pack-window 1 --epoch 2 --step 1 d.jsonl
out_has 'epoch 2, step 1'
refuses 2 'there is no step 99 of epoch 1: an epoch has about' -- show $few --pack best-fit --epoch 1 --step 99 d.jsonl

# A token that is white space has a text, one that is none is shown by its id, and one outside the vocabulary too.
if [ "${2:-}" = sentencepiece ] && command -v spm_train >/dev/null; then
  yes 'a mill race brings the water' | head -200 >mill.txt
  spm_train --input=mill.txt --model_prefix=mill --vocab_size=40 --hard_vocab_limit=false >out 2>err || fail 'a model is made'
  printf 'a mill\n' >one.txt
  run 0 show --tokenizer mill.model --separator after --sequence-length 90 --batch-size 1 one.txt
  out_has '|a mill<2>|'
fi

# JSON, which says the same as the lines for people.
run 0 show $few --json --steps 3 d.jsonl
[ "$(wc -l <out)" -eq 3 ] || fail 'one line of JSON for each batch'
out_has '"epoch": 0, "step": 2,' '"places": [0,1]' '"input": [[111,110,101,116,119,101,108,118],[' '"documents": [[0,0,0,1,1,1,1,1],'
out_has '"context_rank": 0, "context_world": 1, ' '"cropped": 0, '
context='--sequence-length 8 --batch-size 4 --pack documents --context-rank 1 --context-world 2'
run 0 show $context d.jsonl
cropped=$(sed -n 's/.* padding.*, \([0-9]*\) cropped.*/\1/p' out)
run 0 show $context --json d.jsonl
out_has '"context_rank": 1, "context_world": 2, ' "\"cropped\": $cropped, "
[ "$cropped" -gt 0 ] || fail 'documents that are longer than a row'
run 0 show $context --json --step 0 d.jsonl
out_has '"cropped": null, ' # not known of a batch that is made again
if command -v python3 >/dev/null; then
  run 0 show --sequence-length 90 --batch-size 2 --json a.txt
  python3 - <<'END' || fail 'JSON with every element'
import json
batch = json.load(open("out"))
text = open("a.txt", "rb").read()
assert batch["places"] == [0, None]
assert batch["input"][0] == list(text[:-1]) + [0] * (91 - len(text))
assert batch["target"][0] == list(text[1:]) + [0] * (91 - len(text))
assert sum(map(sum, batch["mask"])) == len(text) - 1
assert batch["documents"][1] == [-1] * 90 and batch["positions"][0][: len(text) - 1] == list(range(len(text) - 1))
END
fi

refuses 2 'no file is named' -- show
refuses 2 '--steps is 0, expected a whole number from 1' -- show --steps 0 a.txt
refuses 2 '--rows is none, expected' -- show --rows none a.txt
refuses 2 '--epoch is 4294967295, expected' -- show --epoch 4294967295 a.txt
refuses 2 'there is no step 5 of epoch 0: an epoch has 5 steps (see' -- show $few --step 5 a.txt
refuses 2 'there is no step 4 of epoch 0: an epoch has 5 steps, and fewer where rows are skipped' -- show $few --step 4 --skip 0-1 a.txt
refuses 2 '--json has every row whole, as ids: expected it without --rows' -- show --json --rows 3 a.txt
refuses 2 '--json has every row whole, as ids: expected it without --ids' -- show --json --ids a.txt
refuses 2 '--json has every row whole, as ids: expected it without --full' -- show --json --full a.txt
refuses 2 '--field is for .jsonl' -- show --field x a.txt
refuses 2 '--split is for the file of a tokenizer' -- show --split gpt2 a.txt
refuses 1 'missing: open: No such file' -- show missing
refuses 1 'id 109' -- show $few --vocab-size 109 a.txt
for faults in skip hand-on; do
  run 1 show $few --vocab-size 109 --faults $faults --steps 2 a.txt
  err_has 'a.txt: at byte 2: token 2: id 109, expected 0 to 108'
  out_has 'epoch 0, step 0: 2 rows' 'epoch 0, step 1: 2 rows'
done
run 0 feed --quiet $few --state state a.txt
run 0 show $few --resume state a.txt
out_has 'epoch 1, step 0'
if [ -w /dev/full ]; then
  "$headrace" show $few a.txt >/dev/full 2>err && fail 'output that cannot be written is an error'
  err_has 'No space left'
fi
exit 0
