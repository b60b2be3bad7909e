# Loaded by every picture: the terminal by the name's ending, letters one can read, and the colours.
# Before: `out` is the picture's file; `wide` and `high` are its size in points.
png = out[strlen(out)-3:*] eq '.png'
font = 'sans-serif,11'
if (png) {
  set terminal pngcairo size wide,high font font background '#ffffff' noenhanced
} else {
  set terminal svg size wide,high font font background '#ffffff' noenhanced
}
set output out
set datafile separator ','
us    = '#0b6e4f' # headrace
other = '#8a8f98' # everybody else
warn  = '#c1403d'
ink   = '#222222'
faint = '#dddddd'
set border 0
set tics nomirror scale 0 textcolor rgb ink
set title font 'sans-serif,14' textcolor rgb ink
# ", on 2 processors", for the heading; empty where the CSV does not say it.
processors = int(system(sprintf("awk -F, 'NR == 2 { n = $10 } END { print n + 0 }' '%s'", csv)))
on = processors == 0 ? '' : sprintf(', on %d processor%s', processors, processors == 1 ? '' : 's')
