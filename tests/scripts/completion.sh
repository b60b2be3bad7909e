#!/usr/bin/env bash
# Usage: completion.sh COMMAND COMPLETION
# What the completion of bash offers; without the functions of the package bash-completion.
set -u
scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
headrace=$1
# shellcheck disable=SC1090
. "$2" || exit 1
cd "$scratch" || exit 1
failures=0
touch a.bin b.txt 'two words.txt' run.state
mkdir data

# offered WORD...: what is offered for the last word.
offered() {
  COMP_WORDS=("$headrace" "$@") COMP_CWORD=$# COMPREPLY=()
  _headrace
  printf '%s\n' "${COMPREPLY[@]}"
}

# offers WORDS -- WORD...: exactly these words, parted by blanks, in any order.
offers() {
  local expected=$1
  shift 2
  local got
  got=$(offered "$@" | sort)
  [ "$got" = "$(printf '%s\n' $expected | sort)" ] && return
  echo "not so: 'headrace $*' is offered '$expected', but" $got
  failures=$((failures + 1))
}

# has WORD -- WORD...: this word among others.
has() {
  local wanted=$1
  shift 2
  offered "$@" | grep -qxF -e "$wanted" && return
  echo "not so: 'headrace $*' is offered '$wanted', but" $(offered "$@")
  failures=$((failures + 1))
}

offers 'bench convert decode feed help info show tokenize version' -- ''
offers 'feed' -- f
offers '--help' -- --h
offers 'tokenize' -- help tok
offers '' -- help feed ''
offers '' -- bogus --
offers '--sequence-length --seed --separator' -- feed --se
offers '--output' -- tokenize --outp
offers 'auto datatrove headerless jsonl llmc-gpt2 llmc-llama3 megatron npy text' -- info --format ''
offers 'llmc-gpt2 llmc-llama3' -- convert --to llm
offers 'train validation' -- convert --split ''
offers 'cl100k gpt2 llama3 o200k qwen2 train validation' -- tokenize --split ''
offers 'all blocks none' -- feed --shuffle ''
offers 'jsonl text' -- decode --to ''
offers 'blocks' -- feed --shuffle = b
offers 'all blocks none' -- feed --shuffle =
offers '--shuffle=blocks' -- feed --shuffle=b
has bytes -- feed --tokenizer ''
has a.bin -- feed --tokenizer ''
offers 'run.state' -- feed --resume run
offers 'run.state' -- feed --resume = run
offers '' -- feed --seed ''
offers 'a.bin' -- feed --seed 3 a
offers 'data' -- tokenize -o da
offers '' -- feed a.bin :
offers '' -- feed a.bin : 3
has 'two words.txt' -- feed tw
if "$headrace" complete bench >bench 2>/dev/null; then
  # shellcheck disable=SC2005 # lines become words
  offers "$(echo $(cat bench))" -- bench ''
  offers '--cells' -- bench queue --ce
  has 4p4c -- bench queue --cells 4
  has mutex+cond -- bench queue --contestants ''
fi

# Every option that --help names is offered, and no other; but tokenize has --type, to say what to write instead.
for command in convert decode feed info show tokenize; do
  "$headrace" "$command" --help | sed -n 's/^  \(-.*\)/\1/p' | sed 's/  .*//' | grep -oE -- '--[a-z][a-z-]*' | sort -u >named
  offered "$command" -- | sort -u >offered
  [ "$command" = tokenize ] && sed -i '/^--type$/d' offered
  [ -s named ] && diff named offered && continue
  echo "not so: of $command what is offered is what --help names"
  failures=$((failures + 1))
done
[ "$failures" -eq 0 ]
