# shellcheck shell=sh
# headrace as people type it: help, and what is said of a word that is none. cli_help.sh COMMAND
. "$(dirname "$0")/cli.sh"

commands='convert decode feed info show tokenize'

# Ways to ask for help.
run 2
[ -s out ] && fail 'headrace alone prints nothing on stdout'
err_has 'Usage: headrace COMMAND' tokenize
run 0 help
cp out overview
for way in --help -h 'help help' 'help --help' 'help version' 'help -V'; do
  run 0 $way
  cmp -s out overview || fail "headrace $way prints what headrace help does"
done
for command in $commands; do
  run 0 help "$command"
  cp out wanted
  for way in "help $command --help" "$command --help" "$command -h" "$command help" "--help $command" "$command --bogus x --help" \
    "$command x --format nothing -h"; do
    run 0 $way
    cmp -s out wanted || fail "headrace $way prints what headrace help $command does"
  done
done
if "$headrace" complete bench >suites 2>/dev/null; then
  while read -r suite; do
    run 0 bench "$suite" --help
    cp out wanted
    for way in "help bench $suite" "bench $suite help"; do
      run 0 $way
      cmp -s out wanted || fail "headrace $way prints what headrace bench $suite --help does"
    done
  done <suites
fi
refuses 2 '--separator is --help' -- info --separator --help x # the argument of an option
refuses 1 './--help' -- info ./--help
refuses 1 '--help: ' -- info -- --help
printf 'text\n' >help
run 0 info help # a file
rm help

# The shape that help.h tells.
for command in $commands; do
  "$headrace" help "$command" >out 2>err
  summary=$(sed -n "s/^  $command  *//p" overview)
  awk -v command="$command" -v summary="$summary" '
    function wrong(what) { print "help " command ", line " NR ": " what ": " $0; faults++ }
    length > 79 { wrong("more than 79 columns") }
    / $/ { wrong("ends with a blank") }
    NR == 1 && $0 !~ "^Usage: headrace " command " " { wrong("no usage") }
    NR > 1 && !section && /^./ && !/^       headrace / {
      section = "paragraphs"
      if (tolower($0) != tolower(summary) ".") wrong("expected the summary " summary)
    }
    /^[^ ].*:$/ { section = $0; headings++; if (before != "") wrong("no empty line before") }
    headings && section != "Examples:" && /^ / && !/^  -/ && !/^                        [^ ]/ { wrong("no option, and no text of one") }
    headings && /^  -/ && !/^  -[-a-zA-Z:=\[\], ]*$/ && substr($0, 23) !~ /^  [^ ]/ { wrong("the text does not begin in column 24") }
    section == "Examples:" && /^ / && !/^  (#|headrace) / { wrong("no example") }
    /^Exit status: / { last = 1 }
    { before = $0 }
    END {
      if (!last || section != "Examples:") wrong("no examples, or no exit status")
      exit faults > 0
    }' out >faults || { cat faults; fail 'help has its shape'; }
done

# The examples do what they say.
mkdir text
for i in 1 2 3 4 5 6 7 8; do seq 1 200 | sed "s/^/line $i of a text: /" >text/$i.txt; done
printf '{"messages": [{"role": "user", "content": "Who?"}, {"role": "assistant", "content": "I."}]}\n' >chats.jsonl
run 0 tokenize --quiet -o tokens.bin text
run 0 tokenize --quiet -o more.bin text/1.txt
mkdir bin
ln -s "$(command -v "$headrace")" bin/headrace
for command in $commands; do
  "$headrace" help "$command" | sed -n '/^Examples:/,/^$/s/^  headrace/headrace/p' >examples
  [ -s examples ] || fail "help $command has examples"
  while read -r example; do
    PATH=$PWD/bin:$PATH sh -c "$example" >out 2>err || fail "$example"
    [ -s out ] || fail "$example prints something"
  done <examples
done

# Did you mean.
refuses 2 'headrace: fede is no command; did you mean feed?' -- fede
refuses 2 'tok is no command; did you mean tokenize?' -- tok
refuses 2 'hlep is no command; did you mean help?' -- hlep
refuses 2 '--verison is no option here, where a command is expected; did you mean --version?' -- --verison
refuses 2 '-v is no option here, where a command is expected; did you mean -V?' -- -v
refuses 2 '-x is no option here, where a command is expected (see' -- -x
refuses 2 'zzz is no command (see' -- zzz
refuses 2 'zzz is no command (see' -- help zzz
refuses 2 'x stands behind feed, expected one command' -- help feed x
refuses 2 'from 1 to 4294967295, plain or with k, M, G, Ki, Mi or Gi (see' -- feed --batch-size 2KB x
refuses 2 'from 1 to 4294967295 (see' -- feed --batch-size many x
refuses 2 '--tokens is 1e3, expected a whole number from 0 to 18446744073709551615, plain or with k' -- decode --tokens 1e3 x
refuses 2 '--batch_size=3 is no option; did you mean --batch-size?' -- feed --batch_size=3 x
refuses 2 '-batch-size is no option; did you mean --batch-size?' -- feed -batch-size 3 x
refuses 2 '--se is ambiguous: --separator, --sequence-length or --seed (see' -- feed --se 3 x
refuses 2 '--output is an option of convert, decode and tokenize, not of feed (see' -- feed --output x y
refuses 2 '--epoch is an option of show, not of convert (see' -- convert --epoch 1 x
refuses 2 '--version is an option of headrace itself, not of feed' -- feed --version
refuses 2 '--qqqq is no option (see' -- feed --qqqq
refuses 2 'npy, text or jsonl; did you mean npy?' -- info --format npz x
refuses 2 'did you mean llmc-gpt2?' -- info --format LLMC_GPT2 x
refuses 2 '--split is trian, expected train or validation; did you mean train?' -- convert --split trian x
refuses 2 'did you mean cl100k?' -- tokenize --split c1100k -o y x
refuses 2 'did you mean blocks?' -- feed --shuffle block x
refuses 2 '--pack is zzzz, expected windows, documents, best-fit or bos-aligned (see' -- feed --pack zzzz x

# Of every option with its second and third letter swapped the option is meant; of one that several commands have, by one.
: >tried
for command in $commands; do
  "$headrace" complete "$command" | sed 's/^--//; s/=$//' >options
  [ "$(wc -l <options)" -ge 17 ] || fail "complete $command lists the options"
  while read -r option; do
    swapped=$(echo "$option" | sed 's/^\(.\)\(.\)\(.\)/\1\3\2/')
    if [ "$swapped" != "$option" ] && [ ${#option} -gt 2 ] && ! grep -qxF -e "$option" tried; then
      refuses 2 "--$swapped is no option; did you mean --$option?" -- "$command" "--$swapped"
      echo "$option" >>tried
    fi
  done <options
done
[ "$(wc -l <tried)" -ge 70 ] || fail 'options of all commands were tried'
