# Rows of a benchmark's CSV to what bars.gp draws: height (downwards), median, minimum, maximum, contestant, 1 for headrace and 2 for
# the heading of a group (a cell), text. Variables: unit, of the cells to take; capacity, 0 for any; patterns: only, of cells;
# leave_out, of contestants.
BEGIN { FS = OFS = "," }
NR == 1 || $8 != unit || (capacity && $3 != capacity) { next }
(only != "" && $2 !~ only) || (leave_out != "" && $4 ~ leave_out) { next }
!($2 in seen) { seen[$2] = 1; cell[++cells] = $2 }
{ row[$2, ++rows[$2]] = $5 "," $6 "," $7 "," $4 "," ($4 ~ /^headrace(-python.*)?$/) "," sprintf("%.3g", $5) }
END {
  for (i = 1; i <= cells; i++) {
    line++
    print -line, 0, 0, 0, cell[i], 2, ""
    for (j = 1; j <= rows[cell[i]]; j++) print -(++line), row[cell[i], j]
    line += 0.4
  }
}
