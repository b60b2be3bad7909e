# A soak's CSV to what soak.gp draws, as `what` says: "busy", the lines in between two rests; "rest", those at rests; "rate", at each
# rest its seconds, then how much of each kind in `kinds` was done a second since the one before.
BEGIN { FS = OFS = "," }
NR == 1 {
  for (i = 1; i <= NF; i++) column[$i] = i
  count = split(kinds, kind, " ")
  next
}
what == "busy" && $2 == 0 { print }
$2 == 0 { next }
what == "rest" { print }
what == "rate" {
  line = $1
  for (i = 1; i <= count; i++) line = line OFS ($1 > last ? ($(column[kind[i]]) - before[i]) / ($1 - last) : 0)
  for (i = 1; i <= count; i++) before[i] = $(column[kind[i]])
  if (last) print line
  last = $1
}
