# Rows of the queue benchmark's CSV to what latency.gp draws: line, p50, p99, p99.9, maximum (ns), name, 1 for headrace, and
# the texts of p50 and p99.9; sorted by p50, the fastest on top. Variable: cell, "roundtrip" or "roundtrip-blocking".
BEGIN { FS = OFS = "," }
index($2, cell ".") != 1 || $4 ~ /^headrace-/ { next }
{
  which = substr($2, length(cell) + 2)
  if (!($4 in known)) { known[$4] = 1; name[++count] = $4 }
  value[$4, which] = $5
}
function text(ns) { return ns < 9950 ? sprintf("%.0f ns", ns) : ns < 9.95e5 ? sprintf("%.0f µs", ns / 1e3) : sprintf("%.0f ms", ns / 1e6) }
END {
  for (line = 1; line <= count; line++) {
    worst = 0
    for (i = 1; i <= count; i++)
      if (!(i in done) && (!worst || value[name[i], "p50"] > value[name[worst], "p50"])) worst = i
    done[worst] = 1
    n = name[worst]
    print line, value[n, "p50"], value[n, "p99"], value[n, "p99.9"], value[n, "max"], n, n == "headrace", text(value[n, "p50"]), "99.9 % in " text(value[n, "p99.9"])
  }
}
