# What happens when threads outnumber the processors. gnuplot -c oversubscription.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
wide = 900
high = 620
load directory.'/style.gp'
data(what) = sprintf("< awk -v what=%s -f '%s/oversubscription.awk' '%s'", what, directory, csv)
set lmargin at screen 0.085
set rmargin at screen 0.98
set tmargin at screen 0.86
set bmargin at screen 0.11
set label 1 'Throughput as threads outnumber the processors' at screen 0.02, screen 0.95 \
  font 'sans-serif,15' textcolor rgb ink
set label 2 'Half of the threads push, half pop; capacity 1024; threads that fail try 64 times, then yield. Mops/s, logarithmic.' \
  at screen 0.02, screen 0.905 font 'sans-serif,10' textcolor rgb '#555555'
set logscale x 2
set xrange [1.9:32]
set xtics (2, 4, 8, 16)
set xlabel 'threads' textcolor rgb ink
stats data('lines') using (log10($2)) name 'S' nooutput
set yrange [floor(S_min * 2) / 2.0:2.5]
set ytics ('0.001' -3, '0.01' -2, '0.1' -1, '1' 0, '10' 1, '100' 2)
set grid ytics linetype 1 linewidth 1 linecolor rgb faint
unset key
plot data('lines') using ($3 == 0 ? $1 : NaN):(log10($2)) with linespoints linewidth 1.5 pointtype 7 pointsize 0.5 linecolor rgb other, \
     '' using ($3 == 1 ? $1 : NaN):(log10($2)) with linespoints linewidth 4 pointtype 7 pointsize 1 linecolor rgb us, \
     data('labels') using ($1 * 1.01):5:($1 * 0.045):($2 - $5) with vectors nohead linewidth 0.7 linecolor rgb '#bbbbbb', \
     '' using ($4 == 0 ? $1 * 1.065 : NaN):2:3 with labels left font 'sans-serif,10' textcolor rgb '#555555', \
     '' using ($4 == 1 ? $1 * 1.065 : NaN):2:3 with labels left font 'sans-serif:Bold,12' textcolor rgb us
load directory.'/finish.gp'
