# shellcheck shell=sh
# What the tests of checksums share. Sourced.

# sum HEX...: modulo 2^64, in halves, since a shell's numbers have a sign
sum() {
  low=0 high=0
  for x; do
    low=$((low + 0x${x#????????}))
    high=$((high + 0x${x%????????}))
  done
  printf '%08x%08x' $((high + (low >> 32) & 0xffffffff)) $((low & 0xffffffff))
}
