# shellcheck shell=sh
# headrace --version: cli_version.sh COMMAND "FEATURE..."; what this build has, and what it has not.
features=$2
. "$(dirname "$0")/cli.sh"

run 0 --version
head -n 1 out | grep -qx 'headrace [0-9]*\.[0-9]*\.[0-9]*' || fail 'a version is printed first'
for feature in $features; do
  [ "$(grep -c "^$feature: " out)" -eq 1 ] || fail "what $feature gives is printed once"
done
[ "$(sed -n 's/^\([a-z0-9]*\): .*/\1/p' out | xargs)" = "$features" ] || fail "it has $features, in this order"
[ "$(grep -cE '^(no )?[a-z0-9]+: ' out)" -eq 7 ] || fail 'each of seven parts is there or not'
grep '^no ' out | grep -vE ' \([a-z0-9-]+\)$' && fail 'what is missing names its package'
cp out version
for other in -V version; do
  run 0 $other
  cmp -s version out || fail "$other prints the same"
done
