#!/bin/sh
# Usage: valgrind_user.sh VALGRIND SUPPRESSIONS PROGRAM [COMMAND [TOKENIZER]]
# A user's program is clean under Memcheck, no block possibly lost either; what is in the suppressions that are installed is
# quiet with them, and is not without them: of the library's own words Helgrind and DRD, of the machine code that PCRE2
# makes of a pattern of a TOKENIZER Memcheck.
set -eu
valgrind=$1 suppressions=$2 program=$3 command=${4:-} tokenizer=${5:-}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
log=$directory/log
look() {
  "$valgrind" -q --error-exitcode=9 "$@" >"$log" 2>&1
}
look --leak-check=full --errors-for-leak-kinds=definite,possible "$program" || { cat "$log" && exit 1; }
for tool in helgrind drd; do
  look --tool=$tool --suppressions="$suppressions" "$program" blind || { cat "$log" && exit 1; }
  if look --tool=$tool "$program" blind; then
    echo "$tool says nothing without the suppressions: what are they for?" && exit 1
  fi
done
[ -n "$command" ] && [ -n "$tokenizer" ] || exit 0

# A pattern that is none of those that Headrace has a scanner for. What looks for its first two characters looks at 16 bytes at once.
regex="ne [0-9]*"
split="{\"type\": \"Split\",\"pattern\": {\"Regex\": \"$regex\"},\"behavior\": \"Isolated\",\"invert\": false}"
sed "s#\"pre_tokenizer\": {\([^}]*\)\"use_regex\": true}#\"pre_tokenizer\": {\"type\": \"Sequence\",\"pretokenizers\": [$split,{\1\"use_regex\": false}]}#" \
  "$tokenizer" >"$directory/tokenizer.json"
grep -qF "$regex" "$directory/tokenizer.json" || { echo "$tokenizer has another form" && exit 1; }
seq -f 'It is line %g of them,  and that is ours.' 300 >"$directory/text.txt"
encode() { # SUPPRESSIONS
  look --suppressions="$1" "$command" tokenize --quiet --force --tokenizer "$directory/tokenizer.json" -o "$directory/out.bin" "$directory/text.txt"
}
encode "$suppressions" || { cat "$log" && exit 1; }
if encode /dev/null || ! grep -q 'uninitialised\|Invalid read' "$log"; then
  cat "$log" && echo "memcheck says nothing of a pattern without the suppressions: what are they for?" && exit 1
fi
