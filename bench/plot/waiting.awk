# Rows of the queue benchmark's CSV to what waiting.gp draws: line, ns of a push and a pop without and with waiting, name, 1 for
# headrace; in one thread, so that nobody ever waits. headrace's ring alone is the pair of its two variants.
BEGIN { FS = OFS = "," }
$3 != 1024 { next }
$2 == "pairs-1" { without[$4] = 2000 / $5 }
$2 == "pairs-1-blocking" { with_waiting[$4] = 2000 / $5; name[++count] = $4 }
END {
  if (("headrace-ring" in without) && ("headrace-ring+events" in without)) {
    without["headrace: ring alone"] = without["headrace-ring"]
    with_waiting["headrace: ring alone"] = without["headrace-ring+events"]
    name[++count] = "headrace: ring alone"
  }
  for (line = 1; line <= count; line++) {
    worst = 0
    for (i = 1; i <= count; i++)
      if (!(i in done) && (!worst || with_waiting[name[i]] > with_waiting[name[worst]])) worst = i
    done[worst] = 1
    n = name[worst]
    print line, without[n], with_waiting[n], n, n ~ /^headrace/, sprintf("%.1f", without[n]), sprintf("%.1f ns (%+.0f %%)", with_waiting[n], 100 * (with_waiting[n] / without[n] - 1))
  }
}
