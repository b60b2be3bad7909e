# Rows of the queue benchmark's CSV to lines, one a contestant, with their names at the right end. Variables:
#   cells  "many-4p4c": elements a second over how many in a call; "": Mops/s over threads, half of them producers
#   what   "lines" (x, y, 1 for headrace; an empty line after each contestant) or "labels" (x, log10 of a height
#          at which no two collide, name, 1 for headrace, log10 of the line's end)
#   gap    log10 of what two names must be apart
BEGIN { FS = ","; OFS = "," }
NR == 1 || $3 != 1024 || $4 ~ /^headrace-/ || (cells == "" && $4 == "moodycamel-blocking") { next }
{
  x = cells != "" ? calls($2) : threads($2)
  if (!x) next
  if (!($4 in known)) { known[$4] = 1; name[++count] = $4 }
  speed[$4, x] = $5
  if (!(x in seen)) { seen[x] = 1; place[++places] = x }
  if (x > last) last = x
}
# "many-4p4c.k16": 16
function calls(cell) { return index(cell, cells ".k") == 1 ? substr(cell, length(cells) + 3) + 0 : 0 }
# "4p4c", "over2-4p4c": 8
function threads(cell,   n) {
  sub(/^over[0-9]+-/, "", cell)
  if (cell !~ /^[0-9]+p[0-9]+c$/) return 0
  split(cell, n, /[pc]/)
  return n[1] == n[2] ? 2 * n[1] : 0
}
END {
  for (i = 1; i <= places; i++) # few: by insertion
    for (j = i; j > 1 && place[j - 1] > place[j]; j--) { x = place[j]; place[j] = place[j - 1]; place[j - 1] = x }
  for (i = 1; i <= count; i++) {
    if (!((name[i], last) in speed)) continue # for one producer and one consumer only
    for (j = 1; what == "lines" && j <= places; j++)
      if ((name[i], place[j]) in speed) print place[j], speed[name[i], place[j]], name[i] == "headrace"
    if (what == "lines") print ""
    height[i] = log(speed[name[i], last]) / log(10)
  }
  # From the top down, each label at least `gap` below the one above.
  below = 1e9
  for (done = 0; what == "labels"; done++) {
    best = 0
    for (i in height) if (!(i in placed) && (!best || height[i] > height[best])) best = i
    if (!best) break
    placed[best] = 1
    at = height[best] < below - gap ? height[best] : below - gap
    below = at
    print last, at, name[best], name[best] == "headrace", height[best]
  }
}
