# Rows of the sizing benchmark's CSV to x, median, minimum, maximum. Variables:
#   cells   a pattern of their names, without the metric; metric: which one
#   by      "capacity" (0, no limit, is drawn at the pool's 16384) or "memory": x is the cell's own in MiB
BEGIN { FS = ","; OFS = "," }
{
  dot = index($2, ".")
  name = substr($2, 1, dot - 1)
  figure = substr($2, dot + 1)
  if (name !~ "^" cells "$") next
  if (figure == metric) { x[++count] = $3 == 0 ? 16384 : $3; y[count] = $5 OFS $6 OFS $7 }
  if (figure == "memory") memory[count] = $5
}
END { for (i = 1; i <= count; i++) print by == "memory" ? memory[i] : x[i], y[i] }
