# How long a hand-off takes, as a distribution. gnuplot -c latency.gp CSV PICTURE [CELL]
# CELL: roundtrip-blocking (default) or roundtrip.
csv = ARG1
out = ARG2
cell = ARGC > 2 ? ARG3 : 'roundtrip-blocking'
directory = system("dirname '".ARG0."'")
data = sprintf("< awk -v cell=%s -f '%s/latency.awk' '%s'", cell, directory, csv)
set datafile separator ','
stats data using 1 name 'L' nooutput
wide = 900
high = 170 + 46 * L_max
load directory.'/style.gp'
set lmargin at screen 0.2
set rmargin at screen 0.96
set tmargin at screen 1 - 100.0 / high
set bmargin at screen 52.0 / high
set label 1 (cell eq 'roundtrip' ? 'Round trip between two threads that never sleep' : 'Round trip between two threads that wait for each other').on \
  at screen 0.02, screen 1 - 28.0 / high font 'sans-serif,15' textcolor rgb ink
set label 2 'There through one queue and back through another. Large dot: the median; smaller: 99 %, 99.9 %; cross: the longest.' \
  at screen 0.02, screen 1 - 54.0 / high font 'sans-serif,10' textcolor rgb '#555555'
set logscale x
set xrange [150:5e8]
set yrange [0.4:L_max + 0.6]
set xtics ('100 ns' 100, '1 µs' 1e3, '10 µs' 1e4, '100 µs' 1e5, '1 ms' 1e6, '10 ms' 1e7)
set ytics font 'sans-serif,11'
set grid xtics linetype 1 linewidth 1 linecolor rgb faint
unset key
shade(is_us) = is_us == 1 ? 0x0b6e4f : 0x8a8f98
plot data using 2:1:2:5:(shade($7)):ytic(6) with xerrorbars pointtype 7 pointsize 0 linewidth 2 linecolor rgb variable, \
     '' using 2:1:(shade($7)) with points pointtype 7 pointsize 2.4 linecolor rgb variable, \
     '' using 3:1:(shade($7)) with points pointtype 7 pointsize 1.2 linecolor rgb variable, \
     '' using 4:1:(shade($7)) with points pointtype 7 pointsize 0.9 linecolor rgb variable, \
     '' using 5:1:(shade($7)) with points pointtype 2 pointsize 0.9 linewidth 2 linecolor rgb variable, \
     '' using 2:($1 + 0.36):8 with labels font 'sans-serif:Bold,11' textcolor rgb ink, \
     '' using ($5 * 1.3):1:9 with labels left font 'sans-serif,10' textcolor rgb '#555555'
load directory.'/finish.gp'
