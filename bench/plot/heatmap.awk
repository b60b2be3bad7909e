# Rows of a benchmark's CSV to what heatmap.gp draws. Variables: cells, a pattern of the cells to take; capacity, 0 for any;
# what: "size" (lines, columns), "cells" (column, name, our figure) or "rows" (column, line, log2 of
# our ratio, its text, the peer).
BEGIN { FS = OFS = "," }
NR == 1 || $2 !~ cells || (capacity && $3 != capacity) || $4 ~ /^headrace-/ { next }
!($2 in seen) { seen[$2] = 1; cell[++columns] = $2 }
$4 == "headrace" { ours[$2] = $5; next }
!($4 in known) { known[$4] = 1; peer[++lines] = $4 }
{ theirs[$4, $2] = $5 }

function text(ratio) { return sprintf(ratio >= 9.95 ? "%.0f" : ratio >= 0.995 ? "%.1f" : "%.2f", ratio) }

END {
  if (what == "size") print lines + 0, columns + 0
  for (i = 1; i <= columns; i++) {
    name = cell[i]
    sub(/-blocking$/, "", name)
    if (what == "cells") print i, name, sprintf("%.3g M/s", ours[cell[i]])
    for (j = 1; what == "rows" && j <= lines; j++) {
      if (!((peer[j], cell[i]) in theirs)) continue
      ratio = ours[cell[i]] / theirs[peer[j], cell[i]]
      print i, lines - j + 1, log(ratio) / log(2), text(ratio), peer[j]
    }
  }
}
