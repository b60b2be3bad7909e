#!/usr/bin/env bash
# Says whether the rooms of src/ include along the arrows only: sync <- base <- core, base <- text <- dataset <-
# loader -> core, cli -> the public headers. usage: rooms.sh [SRC-FOLDER]
set -euo pipefail
cd "${1:-$(dirname "$0")/../../src}"
declare -A may=([sync]="sync" [base]="base|sync" [core]="core|base|sync" [text]="text|base|sync"
  [dataset]="dataset|text|base|sync" [loader]="loader|dataset|text|core|base|sync" [cli]="cli")
faults=0
while IFS=: read -r file line; do
  room=${file%%/*} target=$(sed 's/.*["<]\(.*\)[">].*/\1/' <<<"$line")
  [[ $target =~ ^(${may[$room]:-none})/ || ($target != */* || $target == headrace/* && $room != sync) ]] && continue
  printf 'rooms: %s may not include %s\n' "$file" "$target"
  faults=$((faults + 1))
done < <(grep -rE '^#[[:space:]]*include "|^#[[:space:]]*include <headrace/' --include='*.[ch]' --include='*.cpp' . | sed 's|^\./||')
printf 'rooms: %d faults\n' "$faults"
[ "$faults" -eq 0 ]
