# Rows of the queue benchmark's CSV to what oversubscription.gp draws: Mops/s over the number of threads, half of
# them producers. Variables: what: "lines" (threads, Mops/s, 1 for headrace; an empty line after each
# contestant) or "labels" (threads, log10 of a height at which no two collide, name, 1 for headrace).
BEGIN { FS = ","; OFS = "," }
NR == 1 || $3 != 1024 || $4 ~ /^headrace-/ || $4 == "moodycamel-blocking" || $2 !~ /^[0-9]+p[0-9]+c$/ { next }
{
  split($2, n, /[pc]/)
  if (n[1] != n[2]) next
  if (!($4 in known)) { known[$4] = 1; name[++count] = $4 }
  speed[$4, 2 * n[1]] = $5
  if (2 * n[1] > last) last = 2 * n[1]
}
END {
  for (i = 1; i <= count; i++) {
    for (threads = 2; what == "lines" && threads <= last; threads *= 2)
      if ((name[i], threads) in speed) print threads, speed[name[i], threads], name[i] == "headrace"
    if (what == "lines") print ""
    height[i] = log(speed[name[i], last]) / log(10)
  }
  # From the top down, each label at least `gap` below the one above.
  gap = 0.145
  below = 1e9
  for (done = 0; what == "labels" && done < count; done++) {
    best = 0
    for (i = 1; i <= count; i++) if (!(i in placed) && (!best || height[i] > height[best])) best = i
    placed[best] = 1
    at = height[best] < below - gap ? height[best] : below - gap
    below = at
    print last, at, name[best], name[best] == "headrace", height[best]
  }
}
