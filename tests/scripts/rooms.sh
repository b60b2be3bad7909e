#!/bin/sh
# Usage: rooms.sh SRC
# The rooms of src/ include along the arrows only: sync <- base <- core, base <- text <- dataset <- loader -> core,
# cli -> the public headers, which all but sync may include.
set -u
cd "$1" || exit 2

# may_include ROOM: a pattern of what its files may include.
may_include() {
  case $1 in
  sync) echo 'sync/|[^/]*$' ;;
  base) echo '(base|sync|headrace)/|[^/]*$' ;;
  core) echo '(core|base|sync|headrace)/|[^/]*$' ;;
  text) echo '(text|base|sync|headrace)/|[^/]*$' ;;
  dataset) echo '(dataset|text|base|sync|headrace)/|[^/]*$' ;;
  loader) echo '(loader|dataset|text|core|base|sync|headrace)/|[^/]*$' ;;
  cli) echo '(cli|headrace)/|[^/]*$' ;;
  *) echo 'no such room' ;;
  esac
}

faults=0
includes=0
while read -r file target; do
  includes=$((includes + 1))
  echo "$target" | grep -qE "^($(may_include "${file%%/*}"))" && continue
  echo "rooms: $file may not include $target"
  faults=$((faults + 1))
done <<LIST
$(grep -rE '^#[[:space:]]*include[[:space:]]*("|<headrace/)' --include='*.[ch]' --include='*.cpp' . |
  sed -E 's|^\./([^:]*):[^"<]*["<]([^">]*).*|\1 \2|')
LIST
echo "rooms: $faults faults in $includes includes"
[ "$faults" -eq 0 ]
