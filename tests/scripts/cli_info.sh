# shellcheck shell=sh
# headrace, headrace info: cli_info.sh COMMAND
. "$(dirname "$0")/cli.sh"

run 0 --help
out_has 'Usage: headrace COMMAND' info tokenize
run 0 help
out_has 'Usage: headrace COMMAND' 'Exit status: 0; 1 when a file' '2 when an option'
for command in convert decode feed info tokenize; do
  run 0 help $command
  out_has "Usage: headrace $command"
done
"$headrace" help bench >out 2>err && out_has 'headrace bench' || err_has 'headrace-bench was not found' HEADRACE_BENCH
refuses 2 'bogus is no command' -- help bogus
run 0 info --help
out_has 'Usage: headrace info' --json --tokenizer
run 2
err_has 'Usage: headrace COMMAND'
refuses 2 'bogus is no command' -- bogus
refuses 2 'no file is named' -- info
refuses 2 'the name of file 1 of 2 is empty, expected a file' -- info '' x
refuses 2 '--bogus' -- info --bogus x
refuses 2 'info: -x is no option' -- info -x x
refuses 2 'info: -x is no option' -- info --json -xh x
refuses 2 'info: --json=yes takes no argument' -- info --json=yes x
refuses 2 'info: --bogus=yes is no option' -- info --bogus=yes x
refuses 2 '--format needs an argument' -- info --format
refuses 2 'fortran' -- info --format fortran x
refuses 1 'missing.bin' -- info missing.bin
refuses 2 'standard input is not read' -- info -
refuses 1 'a\x1B[31mb' -- info "$(printf 'a\033[31mb')"
refuses 2 'a\x1B[31mb' -- "$(printf 'a\033[31mb')"

printf 'ab\n' >a.txt
printf 'odd' >odd.bin
refuses 1 'odd.bin: at byte 0: found 3 bytes' -- info odd.bin
run 0 info a.txt
out_has a.txt text u8 'tokens       3' 'documents    1' 'ids          10 to 98' fingerprint
refuses 2 '--type is for files of tokens' -- info --type u16 a.txt
refuses 2 '--field is for .jsonl' -- info --field x a.txt
printf '\001\000' >"$(printf 'c\033[7m.u16')"
run 0 info c*.u16
out_has 'c\x1B[7m.u16'
run 0 info --quick a.txt
grep -q '^ids' out && fail 'no range of ids with --quick'
printf '\001\000\002\000\003\000' >b.bin
run 0 info --json a.txt b.bin
out_has '"path": "a.txt"' '"format": "text"' '"tokens": 6' '"documents": 2' '"largest_id": 98' '"smallest_id": 1'
run 0 info --type u16 --format headerless b.bin
out_has 'not known' 'ids          1 to 3'
refuses 2 '--malformed is for text and .jsonl' -- info --malformed keep b.bin
refuses 2 '--tokenizer is for text and .jsonl' -- info --tokenizer bytes b.bin

# What a shell names: both files of a pair, a file twice, a link to nothing.
mkdir pair
run 0 tokenize --quiet --to megatron -o pair/m.bin a.txt
run 0 info --quick pair/*
out_has 'tokens       3'
refuses 2 'b.bin and ./b.bin are the same file' -- info b.bin ./b.bin
mkdir linked
cp b.bin linked/1.bin
ln -s gone.bin linked/2.bin
refuses 1 'linked/2.bin: found a link to what is not there' -- info linked
refuses 1 'linked/2.bin: found a link to what is not there' -- info 'linked/*.bin'

# What wide tokens are taken for.
printf 'h\0\0\0e\0\0\0l\0\0\0l\0\0\0o\0\0\0\241\207\1\0' >wide.bin
refuses 1 'wide.bin: at byte 0: found tokens that look like u32' -- info wide.bin
run 0 info --type u32 wide.bin
out_has 'tokens       6' 'ids          101 to 100257'
cp wide.bin wide.u32.bin
run 0 info wide.u32.bin
out_has u32 'tokens       6'
printf 'a tokenizer|4\n6\n6 T' >wide.bin.metadata
run 0 info wide.bin
out_has u32 'tokens       6'
printf 'a tokenizer|4\n7\n7 T' >wide.bin.metadata
refuses 1 'wide.bin.metadata: found 7 tokens of 4 bytes, expected 6' -- info wide.bin
cp b.bin stray.bin
echo x >stray.idx
refuses 1 'to read stray.bin without the index beside it say the format (options.format, --format headerless)' -- info stray.bin
cp b.bin olmo.npy
refuses 1 '--format headerless --type u16' -- info olmo.npy
run 0 info --format headerless --type u16 olmo.npy
out_has 'tokens       3'

# Documents of files without an index, by the end-of-text id; the options are for such files.
printf '{"text":"one"}\n{"text":""}\n{"text":"three"}\n' >d.jsonl
documents() { # FILE WHERE: prints how many
  run 0 info --json --quick --separator $2 --end-of-text 256 $1
  sed -n 's/^  "documents": \([0-9a-z]*\).*/\1/p' out
}
for format in headerless llmc-gpt2 llmc-llama3; do
  run 0 tokenize --quiet --to $format -o d.$format.bin d.jsonl
  case $format in headerless) where=after other=before ;; *) where=before other=after ;; esac
  [ "$(documents d.$format.bin $where)" = 3 ] || fail "$format: 3 documents: $(documents d.$format.bin $where)"
  [ "$(documents d.$format.bin $other)" = 4 ] || fail "$format: the id stands $where, not $other: $(documents d.$format.bin $other)"
  refuses 2 '--end-of-text is of no use without a separator' -- info --separator none --end-of-text 256 d.$format.bin
done
run 0 info --separator after --tokenizer bytes d.jsonl
out_has 'documents    3' 'ids          101 to 256'
run 0 tokenize --quiet --to megatron -o d.m.bin d.jsonl
refuses 2 '--separator is for text and files of tokens that have no index' -- info --separator after --end-of-text 256 d.m.bin
refuses 2 '--end-of-text is given without --separator' -- info --end-of-text 256 d.headerless.bin
refuses 2 '--separator is given without --end-of-text' -- info --separator after d.headerless.bin
refuses 2 '--separator is between' -- info --separator between --end-of-text 256 d.headerless.bin
run 0 info --quick --separator after --end-of-text 256 d.m.bin d.headerless.bin
out_has 'documents    6'

if command -v python3 >/dev/null; then
  name=$(printf 'quote"back\\slash\tand\377\302\233\177.txt')
  printf x >"$name"
  run 0 info --json "$name"
  python3 -c 'import json; d = json.load(open("out")); assert d["tokens"] == 1 and d["files"][0]["path"].startswith("quote\"back\\slash\tand\ufffd\x9b\x7f")' ||
    fail 'JSON that can be read'
  out_has '\u009b\u007f.txt'
fi
if [ -w /dev/full ]; then
  "$headrace" info a.txt >/dev/full 2>err && fail 'output that cannot be written is an error'
  err_has 'No space left'
fi
exit 0
