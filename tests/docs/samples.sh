# shellcheck shell=sh
# Sourced before a document's first block. sample NAME...: makes files that documents speak of, as small as they may be,
# under the names that they have there. What is there stays as it is.

sample() {
  for sample_name; do sample_one "$sample_name"; done
}

# sample_lines N: so many documents, one a line.
sample_lines() {
  awk -v n="$1" '{ gsub(/[\\"\t]/, " "); text = text " " $0 }
    NR % 5 == 0 { print "{\"text\": \"" text "\"}"; text = ""; if (++made == n) exit }' \
    /usr/share/common-licenses/GPL-3
}

sample_one() {
  [ ! -e "$1" ] || return 0
  mkdir -p "$(dirname "$1")"
  case $1 in
  chat.jsonl) echo '{"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}' >"$1" ;;
  *.jsonl) sample_lines 100 >"$1" ;;
  *.jsonl.zst) sample_lines 100 | zstd -q -o "$1" ;;
  *.jsonl.gz) sample_lines 100 | gzip >"$1" ;;
  *.txt) cp /usr/share/common-licenses/GPL-2 "$1" ;;
  *.json) cp "$SOURCE/tests/vocabulary/small.json" "$1" ;;
  *.tiktoken) cp "$SOURCE/tests/vocabulary/small.tiktoken" "$1" ;;
  *.model) spm_train --input=/usr/share/common-licenses/GPL-3 --model_prefix="${1%.model}" --vocab_size=400 \
    >/dev/null 2>&1 ;;
  *.ds) sample_tokens datatrove "$1" ;;
  *.idx) sample_tokens megatron "${1%.idx}.bin" ;;
  *.npy) sample_tokens npy "$1" ;;
  *.bin) sample_tokens headerless "$1" ;;
  *) echo "sample: what is $1?" >&2 && return 1 ;;
  esac
}

# sample_tokens FORMAT FILE
sample_tokens() {
  sample_lines 100 >.sample.jsonl
  headrace tokenize --tokenizer "$SOURCE/tests/vocabulary/small.json" --to "$1" -o "$2" .sample.jsonl >.sample.log 2>&1 ||
    { cat .sample.log && return 1; }
}
