#!/bin/sh
# Stands in the command's place for the controls of tests: runs DAMAGED_COMMAND, and where its arguments have DAMAGED_AT,
# what it prints and says goes through the sed script DAMAGE.
case " $* " in
*"$DAMAGED_AT"*) ;;
*) exec "$DAMAGED_COMMAND" "$@" ;;
esac
folder=$(mktemp -d) || exit 99
"$DAMAGED_COMMAND" "$@" >"$folder/out" 2>"$folder/err"
status=$?
sed "$DAMAGE" "$folder/out"
sed "$DAMAGE" "$folder/err" >&2
rm -r "$folder"
exit "$status"
