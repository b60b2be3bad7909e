#!/bin/sh
# Usage: cli_limits.sh HEADRACE [control]
# The command where something runs out or is missing: files of a size, descriptors, stack, address space, disk, TMPDIR, /proc.
# It says what there is too little of, and leaves nothing; or it works. control: a limit that is none.
set -eu
headrace=$1 control=${2:-}
vocabulary=$(cd "$(dirname "$0")/../vocabulary" && pwd)/small.json
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir out tmp disk
export TMPDIR="$folder/tmp"
seq 60000 >text.txt # two pieces
"$headrace" tokenize --quiet --output right.bin text.txt
faults=0 done=0

complain() {
  echo "$*; it said: $(cat said)"
  faults=$((faults + 1))
}

left() { ls -A out tmp | grep -v -e '^$' -e ':$' || true; }

# refuses SENTENCE LIMIT COMMAND...: exit status 1, that sentence, nothing left.
refuses() {
  sentence=$1 limit=$2
  shift 2
  [ -z "$control" ] || limit=:
  status=0
  ($limit && exec "$headrace" "$@") >said 2>&1 || status=$?
  [ "$status" = 1 ] || complain "$limit: $1 ends with $status"
  grep -q "^headrace $1: .*$sentence" said || complain "$limit: $1 does not say '$sentence'"
  [ -z "$(left)" ] || complain "$limit: $1 leaves $(left)"
  rm -rf out/* out/.[!.]* tmp/*
  done=$((done + 1))
}

# works LIMIT: tokenize and feed do all they do.
works() {
  ($1 && "$headrace" tokenize --quiet --workers 2 --normalize nfc --output out/x.bin text.txt) >said 2>&1 &&
    cmp -s out/x.bin right.bin || complain "$1: not the right tokens"
  ($1 && "$headrace" feed --quiet --workers 2 --steps 2 --normalize nfc text.txt) >said 2>&1 || complain "$1: feed"
  rm -f out/*
  done=$((done + 1))
}

# either LIMIT COMMAND...: it works, or says so in one sentence and leaves nothing; no signal ends it.
either() {
  limit=$1
  shift
  status=0
  ($limit && exec "$headrace" "$@") >said 2>&1 || status=$?
  case $status in
  0) ;;
  1) grep -q "^headrace $1: " said && [ -z "$(left)" ] || complain "$limit: $1 leaves $(left)" ;;
  *) # or what it is linked with could not be loaded
    ! ($limit && exec "$headrace" --version) >/dev/null 2>&1 || complain "$limit: $1 ends with $status"
    ;;
  esac
  rm -rf out/* out/.[!.]* tmp/*
  done=$((done + 1))
}

# A file of at most so many blocks of 512 bytes.
refuses 'out/x.bin: write: File too large' 'ulimit -S -f 100' tokenize --quiet --output out/x.bin text.txt
refuses 'tmp: write: File too large' 'ulimit -S -f 100' feed --quiet --normalize nfc text.txt
refuses 'Too many open files' 'ulimit -S -n 6' tokenize --quiet --output out/x.bin text.txt
refuses 'create a temporary file: No such file' 'export TMPDIR=/nowhere/at/all' feed --quiet --normalize nfc text.txt
refuses 'create a temporary file: Not a directory' 'export TMPDIR=text.txt' feed --quiet --normalize nfc text.txt
for descriptors in 4 5 7 8 9; do either "ulimit -S -n $descriptors" tokenize --quiet --output out/x.bin text.txt; done
for kilobytes in 12000 16000 20000 28000 36000; do
  either "ulimit -S -v $kilobytes" tokenize --quiet --workers 2 --normalize nfc --output out/x.bin text.txt
  either "ulimit -S -v $kilobytes" feed --quiet --steps 1 --sequence-length 8 --normalize nfc text.txt
done
works 'ulimit -S -s 64'
works 'ulimit -S -s unlimited'
for command in 'info text.txt' 'feed --quiet --steps 1 text.txt' 'decode right.bin' 'show text.txt'; do
  status=0
  # shellcheck disable=SC2086
  "$headrace" $command >/dev/full 2>said || status=$?
  [ "$status" = 1 ] && grep -q 'No space left on device' said || complain "$command, written to a full device: $status"
  done=$((done + 1))
done

# repeated N TEXT: the text, so often.
repeated() { awk -v n="$1" -v text="$2" 'BEGIN { while (n-- > 0) printf "%s", text }'; }

# As deep as it may be, and deeper, on a small stack.
small='ulimit -S -s 64'
echo "{\"x\":$(repeated 1021 '{"a":')1$(repeated 1021 '}'),\"text\":\"objects\"}" >deep.jsonl
echo "{\"x\":$(repeated 510 '[0,{"b":0,"a":')[]$(repeated 510 ',"c":[{}]},{}]'),\"text\":\"both\"}" >>deep.jsonl
either "$small" info deep.jsonl
grep -q '^documents *2$' said || complain "two lines, 1022 deep"
echo "{\"x\":$(repeated 1024 '[')$(repeated 1024 ']'),\"text\":\"deeper\"}" >>deep.jsonl
refuses 'line 3: .*values nested less deep' "$small" info deep.jsonl
field=$(repeated 31 'a.')a
echo "$(repeated 32 '{"a":')\"text\"$(repeated 32 '}')" >deep.jsonl
either "$small" info --field "$field" deep.jsonl
grep -q '^documents *1$' said || complain "a field of 32 names"
! "$headrace" info --field "a.$field" deep.jsonl 2>said && grep -q -- '(--field) has 33 names' said || complain "a field of 33"
refuses 'no file matches' "$small" info "$(repeated 16 '*/')*"
refuses 'at most 16' "$small" info "$(repeated 17 '?*/')*"
refuses 'expected less than 4096' "$small" info "~$(repeated 5000 x)/*"
refuses 'more than 64 braces' "$small" info "$(repeated 65 '{right.bin,')right.bin$(repeated 65 '}')"
either "$small" info "$(repeated 64 '{right.bin,')right.bin$(repeated 64 '}')"
for group in '(?:' '(?=|' '(?:b|'; do
  regex=$(repeated 30 "$group")a$(repeated 30 ')')
  split="{\"type\": \"Split\", \"pattern\": {\"Regex\": \"$regex\"}, \"behavior\": \"Isolated\", \"invert\": false}"
  byte_level='{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}'
  sed "s@\"pre_tokenizer\": {[^}]*}@\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [$split, $byte_level]}@" \
    "$vocabulary" >deep.json
  either "$small" tokenize --quiet --output out/x.bin --tokenizer deep.json text.txt
done

# in_mounts COMMANDS: run by a shell with file systems of its own.
in_mounts() { unshare --mount --map-root-user sh -ec "$1" || unshare --mount sh -ec "$1"; }
if in_mounts 'mount -t tmpfs none disk' 2>/dev/null; then
  cat >full <<'END'
mount -t tmpfs -o size=100k none disk
"$headrace" tokenize --quiet --output disk/x.bin text.txt || echo "status $?"
TMPDIR=$PWD/disk "$headrace" feed --quiet --normalize nfc text.txt || echo "status $?"
head -c 102400 /dev/zero >disk/fill || true
"$headrace" feed --quiet --steps 1 --state disk/state text.txt || echo "status $?"
"$headrace" feed --quiet --steps 1 --metrics disk/run.prom text.txt || echo "status $?"
mount -o remount,ro disk
"$headrace" tokenize --quiet --output disk/x.bin text.txt || echo "status $?"
TMPDIR=$PWD/disk "$headrace" feed --quiet --normalize nfc text.txt || echo "status $?"
ls -A disk
END
  cat >expected <<END
headrace tokenize: disk/x.bin: write: No space left on device
status 1
headrace feed: $folder/disk: write: No space left on device
status 1
headrace feed: disk/state: write: No space left on device
status 1
headrace feed: disk/run.prom: write: No space left on device
status 1
headrace tokenize: disk/x.bin: create a directory beside it: Read-only file system
status 1
headrace feed: $folder/disk: create a temporary file: Read-only file system
status 1
fill
END
  export headrace
  in_mounts ". ./full" 2>&1 | grep -v -e '^head: ' -e '^ *$' >said || true
  cmp -s expected said || complain "a full disk, and one that is read only"
  hidden='for i in /proc /sys /dev/shm; do [ ! -d $i ] || mount -t tmpfs none $i; done'
  in_mounts "$hidden"'; "$headrace" tokenize --quiet --workers 2 --normalize nfc --output out/x.bin text.txt
    "$headrace" feed --quiet --workers 2 --steps 2 --state out/state out/x.bin
    "$headrace" feed --quiet --workers 2 --steps 2 --normalize nfc text.txt' >said 2>&1 && cmp -s out/x.bin right.bin ||
    complain "without /proc, /sys and /dev/shm"
  done=$((done + 9))
else
  echo "cli_limits: no disks of its own here: nothing of full ones, and of a machine without /proc"
fi
echo "cli_limits: $faults faults in $done runs"
[ "$faults" = 0 ]
