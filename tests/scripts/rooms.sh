#!/bin/sh
# Usage: rooms.sh SRC
# The rooms of src/ include along the arrows only: sync <- base <- core, base <- text <- dataset <- loader -> core,
# cli -> the public headers, which all but sync may include. What is included is said by its name, from SRC or beside
# the file, with no way round ("..", a macro; but sync/port.h's, whose place another may take).
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

# is_right FILE TARGET: TARGET as it stands behind #include.
is_right() {
  case $2 in
  HEADRACE_PORT_HEADER) [ "$1" = sync/port.h ] ;;
  *..*) false ;;
  '<'*)
    path=${2#<}
    [ -d "${path%%/*}" ] || [ "${path%%/*}" = headrace ] || return 0
    echo "$path" | grep -qE "^($(may_include "${1%%/*}"))"
    ;;
  '"'*) echo "${2#\"}" | grep -qE "^($(may_include "${1%%/*}"))" ;;
  *) false ;;
  esac
}

faults=0
includes=0
while read -r file target; do
  includes=$((includes + 1))
  is_right "$file" "$target" && continue
  echo "rooms: $file may not include $target"
  faults=$((faults + 1))
done <<LIST
$(grep -rE '^[[:space:]]*#[[:space:]]*(include|include_next|import)\b' --exclude=CMakeLists.txt . |
  sed -E 's|^\./([^:]*):[[:space:]]*#[[:space:]]*[a-z_]+[[:space:]]*("[^"]*\|<[^>]*\|[^[:space:]]*).*|\1 \2|')
LIST
echo "rooms: $faults faults in $includes includes"
[ "$faults" -eq 0 ]
