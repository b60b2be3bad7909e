#!/bin/sh
# Usage: host_locale.sh PROGRAM
# Runs PROGRAM's case `locales` with a locale xx_XX whose decimal point is a comma and whose small letter of I is none of ASCII's,
# as in Turkish. Skipped (77) where localedef is missing.
set -eu
program=$1
command -v localedef >/dev/null || { echo "host_locale: no localedef here"; exit 77; }
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
pairs() { # FROM TO: of all letters but I
  for letter in A B C D E F G H J K L M N O P Q R S T U V W X Y Z; do
    small=$(echo "$letter" | tr "[:upper:]" "[:lower:]")
    [ "$1" = upper ] && printf '%s(<%s>,<%s>)' "${sep-}" "$small" "$letter" || printf '%s(<%s>,<%s>)' "${sep-}" "$letter" "$small"
    sep=';'
  done
  sep=
}
all() { echo "$1" | sed 's/./<&>;/g; s/;$//'; }
{
  echo 'LC_NUMERIC'
  echo 'decimal_point ","'
  echo 'thousands_sep "."'
  echo 'grouping 3;3'
  echo 'END LC_NUMERIC'
  echo 'LC_CTYPE'
  echo "upper $(all ABCDEFGHIJKLMNOPQRSTUVWXYZ)"
  echo "lower $(all abcdefghijklmnopqrstuvwxyz)"
  echo "toupper $(pairs upper)"
  echo "tolower $(pairs lower)"
  echo 'END LC_CTYPE'
} >"$folder/source"
mkdir "$folder/none"
I18NPATH=$folder/none localedef -c -i "$folder/source" "$folder/xx_XX" 2>/dev/null || true # it warns of what is not there
LOCPATH=$folder "$program" locales
