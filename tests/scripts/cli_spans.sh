# shellcheck shell=sh
# headrace tokenize, info and feed of .jsonl of which not everything is to be learnt: cli_spans.sh COMMAND [pcre2 VOCABULARY]
. "$(dirname "$0")/cli.sh"

# shows FILE TEXT: a token a character of FILE, those that are not to be learnt in place of themselves as a dot.
shows() {
  shown=$(od -An -v -tu1 -w1 "$1.loss" | tr -d ' ' | paste -d ' ' - text.bytes | while read -r learnt byte; do
    # shellcheck disable=SC2059 # printf makes the byte
    [ "$learnt" = 1 ] && printf "\\$(printf %03o "$byte")" || printf .
  done)
  [ "$shown" = "$2" ] || fail "$1: '$shown', expected '$2'"
}
# tokenizes OPTION...: into x.bin, and its bytes into text.bytes.
tokenizes() {
  run 0 tokenize --quiet --force --separator none -o x.bin "$@"
  od -An -v -tu2 -w2 x.bin | tr -d ' ' >text.bytes
}

cat >spans.jsonl <<'END'
{"text":[{"text":"ask ","train":false},{"text":"answer "}]}
{"text":"plain"}
END
cat >prompts.jsonl <<'END'
{"prompt":"ask ","completion":"answer ","d":{"q":"deep ","a":"down "}}
END
cat >chats.jsonl <<'END'
{"messages":[{"role":"user","content":"ask"},{"role":"assistant","content":"answer"}],"c":{"m":[{"from":"gpt","value":"one"},{"from":"gpt","value":"two","weight":0}]}}
END

tokenizes spans.jsonl
shows x.bin '....answer plain'
run 0 info x.bin
out_has 'bytes' # of the loss mask
tokenizes --prompt-field prompt prompts.jsonl
shows x.bin '....answer '
tokenizes --prompt-field d.q --completion-field d.a prompts.jsonl
shows x.bin '.....down '
tokenizes --messages --message-after ' ' chats.jsonl
shows x.bin '....answer '
tokenizes --messages --message-before '<{role}>' --message-after '\t\\ ' chats.jsonl
shows x.bin "$(printf '.......................answer\t\\ ')" # <user>ask, tab, backslash, blank, <assistant>
tokenizes --messages --field c.m --role-field from --content-field value --train-roles user,gpt --message-after ' ' chats.jsonl
shows x.bin 'one ....'
tokenizes --messages --train-field nothing --train-roles user chats.jsonl
od -An -tu1 x.bin.loss | tr -d '\n ' | grep -q '^11110000000$' || fail 'the message of the user is learnt, with its line feed'
tokenizes --train-field keep spans.jsonl
[ -e x.bin.loss ] && fail 'where all is learnt there is no loss mask, and the earlier one is gone'

# a role that nobody has
run 0 tokenize --quiet --force -o x.bin --messages --train-roles asistant chats.jsonl
err_has 'no token but the end-of-text ids is to be learnt' train-roles
run 0 tokenize --quiet --force --separator none -o x.bin --messages --train-roles asistant chats.jsonl
err_has 'no token is to be learnt'
run 0 tokenize --quiet --force -o x.bin --messages chats.jsonl
[ -s err ] && fail 'some tokens are to be learnt'

# a dataset of the same lines is learnt as far as the file is
run 0 tokenize --quiet --force --separator none -o x.bin --messages chats.jsonl
run 0 info --json x.bin
grep fingerprint out >file
run 0 info --json --messages chats.jsonl
grep fingerprint out >lines
cmp -s file lines || fail 'info reads other tokens from the lines'
out_has '"loss": "bytes"'
run 0 feed --quiet --batch-size 1 --sequence-length 4 --messages chats.jsonl

# and decode gives all of it
run 0 decode x.bin
out_has ask answer

# how much it is
run 0 tokenize --force --separator none -o x.bin spans.jsonl
out_has '16 tokens (u16, 4 not to be learnt) in 2 documents'
run 0 tokenize --force --json --separator none -o x.bin spans.jsonl
out_has '"tokens": 16' '"masked": 4'
run 0 tokenize --force --separator none -o x.bin --train-field nothing spans.jsonl
out_has '16 tokens (u16) in 2 documents'

# shards, and a run that is gone on with
for i in 1 2 3; do sed "s/ask/ask $i/" prompts.jsonl; done >more.jsonl
run 0 tokenize --quiet --separator none --shard-tokens 4 --continue -o m.bin --prompt-field prompt more.jsonl
[ "$(ls m_*.loss | wc -l)" = 3 ] || fail "a loss mask beside each of three shards: $(ls m_*)"

# what cannot be used
refuses 1 'chats.jsonl: at byte 12: line 1: found an array as "messages", expected a string' -- info --prompt-field messages chats.jsonl
refuses 1 'spans.jsonl: at byte 8: line 1: found an array as "text", expected a string' -- info --prompt-field text spans.jsonl
refuses 1 'found nothing as "messages", expected an array of messages' -- info --messages spans.jsonl
refuses 1 'found nothing as "role" of message 1, expected a string' -- info --messages --field text spans.jsonl
refuses 2 '--prompt-field and --messages are given, expected one of them' -- info --messages --prompt-field p spans.jsonl
refuses 2 '--completion-field and --field are given' -- info --field f --completion-field c spans.jsonl
refuses 2 '--prompt-field and --train-field are given' -- info --train-field f --prompt-field c spans.jsonl
refuses 2 '--train-roles is for --messages, which is not given' -- info --train-roles a spans.jsonl
refuses 2 '--message-after is a\q, expected \n, \t or \\' -- info --messages --message-after 'a\q' spans.jsonl
refuses 2 '--message-before is \, expected' -- tokenize -o y.bin --messages --message-before '\' spans.jsonl

# a mask that is none of its file's: each command that reads masks does what the sentence says to do, and text needs none
printf 'a\0b\0c\0' >odd.u16
printf '12' >odd.u16.loss
for command in info 'feed --quiet --batch-size 1 --sequence-length 2' 'show --batch-size 1 --sequence-length 2' 'convert --to npy -o y.npy'; do
  refuses 1 'odd.u16.loss: at byte 0: found a file of 2 bytes, expected 3 (a byte a token) or 1 (a bit a token)' -- $command odd.u16
  err_has 'remove it, or say that it is not to be looked at (options.loss, --loss none)'
  run 0 $command --loss none odd.u16
done
[ -e y.npy ] && [ ! -e y.npy.loss ] || fail '--loss none leaves the masks out'
rm y.npy
run 0 decode --tokenizer bytes odd.u16
[ "$(cat out)" = abc ] || fail 'text has nothing to do with masks'
refuses 2 '--loss is some, expected auto or none' -- info --loss some odd.u16

printf 'text' >a.txt
refuses 2 '--messages is for .jsonl, and none is among the files' -- info --messages a.txt
refuses 2 '--train-field is for .jsonl, and none' -- feed --batch-size 1 --sequence-length 2 --train-field t a.txt
refuses 2 '(--prompt-field, --messages, --train-field) is for .jsonl' -- tokenize -o y.bin --messages a.txt
refuses 2 '--train-field) is for .jsonl' -- tokenize -o y.bin --train-field t a.txt
ls y* 2>/dev/null && fail 'nothing is left of what failed'

# special tokens around messages
if [ "${2:-}" = pcre2 ]; then
  run 0 tokenize --quiet --separator none -o c.u16 --tokenizer "$3/small.json" --specials allow --messages \
    --message-before '' --message-after '<|endoftext|>' chats.jsonl
  [ "$(od -An -v -tu2 -w2 c.u16 | grep -c 1000)" = 2 ] || fail 'the token stands behind each message'
  [ "$(tail -c 1 c.u16.loss | od -An -tu1 | tr -d ' ')" = 1 ] || fail 'and is learnt behind the last one'
fi
