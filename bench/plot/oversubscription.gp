# What happens when threads outnumber the processors. gnuplot -c oversubscription.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
wide = 900
high = 620
load directory.'/style.gp'
gap = 0.145
data(what) = sprintf("< awk -v what=%s -v gap=%g -f '%s/lines.awk' '%s'", what, gap, directory, csv)
stats data('lines') using (log10($2)) name 'S' nooutput
stats data('lines') using 1 name 'T' nooutput
lowest = floor(S_min * 2) / 2.0
highest = 2.5
gap = 0.029 * (highest - lowest)
set lmargin at screen 0.085
set rmargin at screen 0.98
set tmargin at screen 0.86
set bmargin at screen 0.11
set label 1 'Throughput as threads outnumber '.(processors == 0 ? 'the' : ''.processors).' processors' at screen 0.02, screen 0.95 \
  font 'sans-serif,15' textcolor rgb ink
set label 2 'Half of the threads push, half pop; capacity 1024; threads that fail try 64 times, then yield. Mops/s, logarithmic.' \
  at screen 0.02, screen 0.905 font 'sans-serif,10' textcolor rgb '#555555'
set logscale x 2
set xrange [1.9:T_max * (T_max / 1.9) ** 0.32]
wider(share) = (T_max / 1.9) ** (1.32 * share) # so much further to the right, as a share of the width
set xtics (2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
set xlabel 'threads' textcolor rgb ink
set yrange [lowest:highest]
set ytics ('0.001' -3, '0.01' -2, '0.1' -1, '1' 0, '10' 1, '100' 2)
set grid ytics linetype 1 linewidth 1 linecolor rgb faint
unset key
if (processors > 1) {
  set arrow 1 from processors, graph 0 to processors, graph 1 nohead linewidth 1 dashtype 2 linecolor rgb '#999999'
  set label 3 'a thread a processor' at processors, graph 1.015 left offset 0.4,0 font 'sans-serif,9' textcolor rgb '#555555'
}
plot data('lines') using ($3 == 0 ? $1 : NaN):(log10($2)) with linespoints linewidth 1.5 pointtype 7 pointsize 0.5 linecolor rgb other, \
     '' using ($3 == 1 ? $1 : NaN):(log10($2)) with linespoints linewidth 4 pointtype 7 pointsize 1 linecolor rgb us, \
     data('labels') using ($1 * wider(0.003)):5:($1 * (wider(0.021) - wider(0.003))):($2 - $5) with vectors nohead linewidth 0.7 linecolor rgb '#bbbbbb', \
     '' using ($4 == 0 ? $1 * wider(0.024) : NaN):2:3 with labels left font 'sans-serif,10' textcolor rgb '#555555', \
     '' using ($4 == 1 ? $1 * wider(0.024) : NaN):2:3 with labels left font 'sans-serif:Bold,12' textcolor rgb us
load directory.'/finish.gp'
