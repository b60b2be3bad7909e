#!/bin/sh
# Usage: check_abi.sh CHECK_ABI LIBRARY_DIR COMPILER
# scripts/check-abi tells changes that break programs from those that do not: small libraries, each changed by one
# sed script.
set -eu
check=$1 library=$2 compiler=$3
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
failed=0

# build NAME SCRIPT [SONAME]
build() {
  mkdir "$directory/$1" "$directory/$1/include"
  sed "$2" "$library/library.h" >"$directory/$1/include/library.h"
  sed "$2" "$library/library.c" >"$directory/$1/library.c"
  "$compiler" -g -shared -fPIC -I "$directory/$1/include" "$directory/$1/library.c" -o "$directory/$1/library.so" \
    -Wl,-soname,"${3:-library.so.0.1}"
}

# change ANSWER NAME SCRIPT [SONAME]: the library as it is, beside one that was changed: ANSWER is in what is said.
change() {
  build "$2" "$3" ${4:+"$4"}
  "$check" --libraries "$directory/as_it_is/library.so" "$directory/as_it_is/include" \
    "$directory/$2/library.so" "$directory/$2/include" >"$directory/said" 2>&1 && status=0 || status=$?
  case $1 in programs* | whatever*) expected=0 ;; *) expected=1 ;; esac
  [ $status -eq $expected ] && grep -q "$1" "$directory/said" && return
  echo "$2: status $status, expected $expected and \"$1\" in:" && cat "$directory/said"
  failed=1
}

build as_it_is ''
change 'programs compiled before run' nothing ''
change 'programs compiled before run' a_function_added 's/^int library_read(.*);/int library_new(void); &/; s/^int library_read(.*{/int library_new(void) { return 1; } &/'
change 'programs compiled before run' what_is_private 's/  int hidden;/long before; &/'
change 'programs compiled before run' an_enumerator_appended 's/LIBRARY_TWO }/LIBRARY_TWO, LIBRARY_THREE }/'
change 'programs compiled before run' a_field_appended_to_options 's/^} library_options;/  long more; &/'
change 'programs compiled before run' a_field_appended_to_what_the_library_makes 's/first, told;/first, told, more;/'
change "'int more'" a_field_inserted_in_what_the_library_makes 's/first, told;/first, more, told;/'
change 'whatever changed' everything_under_another_soname 's/^  long first;/  int inserted; &/; /library_close.*;/d; /library_close/,/}/d' \
  library.so.0.2
change "'int inserted'" a_field_inserted_in_options 's/^  long first;/  int inserted; &/'
change "'int more'" a_field_appended_into_the_padding_of_options 's/^} library_options;/  int more; &/'
change "data member deletion" a_field_of_options_removed 's/^  long first;//'
change "'int more'" a_field_appended_without_a_size 's/first, last;/first, last, more;/'
change "library_outer" a_struct_grown_inside_another 's/first, last;/first, last, more;/'
change "LIBRARY_TWO" an_enumerator_inserted 's/LIBRARY_TWO }/LIBRARY_NEW, LIBRARY_TWO }/'
change "LIBRARY_TWO" an_enumerator_removed 's/LIBRARY_ONE, LIBRARY_TWO/LIBRARY_ONE/'
change "library_close" a_function_removed '/library_close.*;/d; /library_close/,/}/d'
change "library_close" a_parameter_changed 's/int how/long how/; s/+ how/+ (int)how/'
exit $failed
