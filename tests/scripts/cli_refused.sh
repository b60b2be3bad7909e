#!/bin/sh
# Usage: cli_refused.sh HEADRACE REFUSED [control]
# A file system that changes neither modes nor owners, gives no second name, and cannot rename to a new name alone: what the
# command writes is there, as private as what it replaces, or it says which call was refused. control: an error that says
# something else than that it cannot be done.
set -eu
headrace=$1 refused=$2 control=${3:-}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
umask 022
seq 2000 >text.txt
"$headrace" tokenize --quiet --to datatrove -o tokens.ds text.txt
"$refused" chmod 1 -- true || { echo "skipped: no seccomp"; exit 77; }
errors='1 38 95' # EPERM, ENOSYS, EOPNOTSUPP
[ -z "$control" ] || errors=5

fail() {
  echo "not so: $*: $(cat said)"
  exit 1
}

# works MODE FILE COMMAND...: that ends with 0, and the file has the mode.
works() {
  mode=$1 file=$2
  shift 2
  "$@" >said 2>&1 || fail "without $calls: $*"
  [ "$(stat -c %a "$file")" = "$mode" ] || fail "without $calls: $* leaves $file with $mode, but with $(stat -c %a "$file")"
  [ -z "$(find . -name '.*.*' -o -name 'run.state.*')" ] || fail "without $calls: $* leaves nothing beside it"
}

# says SENTENCE COMMAND...: that ends with 1 and the sentence.
says() {
  sentence=$1 status=0
  shift
  "$@" >said 2>&1 || status=$?
  [ "$status" = 1 ] || fail "without $calls: $* ends with 1, but with $status"
  grep -qF -e "$sentence" said || fail "without $calls: $* says '$sentence'"
}

feed() { "$refused" chmod "$error" -- "$headrace" feed --quiet --steps 2 --batch-size 2 --sequence-length 8 "$@" tokens.ds; }

for error in $errors; do
  calls="chmod and chown ($error)"
  set -- "$refused" chmod "$error" chown "$error" -- "$headrace"
  for old in 644 600; do # of what is there
    install -m "$old" /dev/null there
    works 644 new "$@" decode --quiet -o new tokens.ds
    works "$old" there "$@" decode --quiet --force -o there tokens.ds
    cmp -s there text.txt || fail "what is decoded is the text"
    rm -f run.prom run.state new
    install -m "$old" /dev/null run.prom
    works "$old" run.prom feed --metrics run.prom
    install -m "$old" /dev/null run.state
    works "$old" run.state feed --state run.state
  done
  works 644 tokens.bin "$@" tokenize --quiet -o tokens.bin text.txt
  works 644 tokens.bin "$@" tokenize --quiet --force -o tokens.bin text.txt
  chmod 600 tokens.bin
  says 'tokens.bin: fchmod: ' "$@" tokenize --quiet --force -o tokens.bin text.txt # it would be for others to read
  rm tokens.bin
done

for error in 22 38; do # EINVAL, ENOSYS
  calls="rename to a new name ($error)"
  for link in 0 1 38 95; do
    [ "$link" = 0 ] || calls="rename to a new name ($error) and link ($link)"
    set -- "$refused" rename "$error" link "$link" -- "$headrace"
    [ "$link" != 0 ] || set -- "$refused" rename "$error" -- "$headrace"
    works 644 new "$@" decode --quiet -o new tokens.ds
    says 'new: exists' "$@" decode --quiet -o new tokens.ds
    works 644 tokens.bin "$@" tokenize --quiet -o tokens.bin text.txt
    rm new tokens.bin
  done
done
echo "cli_refused: all was written"
