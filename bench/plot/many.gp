# What several at once are worth. gnuplot -c many.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
wide = 1340
high = 560
load directory.'/style.gp'
data(cells, what) = sprintf("< awk -v cells=%s -v what=%s -v gap=%g -f '%s/lines.awk' '%s'", \
                            cells, what, 0.055 * (high_end - low_end), directory, csv)
all = sprintf("< grep '^queue,many-[0-9]*p[0-9]*c\\.k' '%s' | grep -v ',headrace-'", csv)
stats all using (log10($5)) name 'S' nooutput
low_end = floor(S_min * 2) / 2.0
high_end = ceil(S_max * 4) / 4.0
set multiplot
set tmargin at screen 0.79
set bmargin at screen 0.12
set label 1 'Several elements in a call'.on at screen 0.016, screen 0.945 font 'sans-serif,15' textcolor rgb ink
set label 2 'Millions of elements a second, logarithmic, over how many a call is asked for at most; 1: by the calls for one. Capacity 1024; moodycamel has no limit and keeps no order.' \
  at screen 0.016, screen 0.9 font 'sans-serif,10' textcolor rgb '#555555'
set logscale x 2
set xrange [0.9:32 * 10]
set xtics (1, 4, 16, 32)
set yrange [low_end:high_end]
set ytics ('0.001' -3, '0.003' -2.5, '0.01' -2, '0.03' -1.5, '0.1' -1, '0.3' -0.5, '1' 0, '3' 0.5, '10' 1, '30' 1.5, '100' 2, '300' 2.5, '1000' 3)
set grid ytics linetype 1 linewidth 1 linecolor rgb faint
unset key
do for [i = 1:3] {
  cells = word('many-1p1c many-4p4c many-8p8c', i)
  set lmargin at screen 0.045 + (i - 1) * 0.325
  set rmargin at screen 0.045 + (i - 1) * 0.325 + 0.3
  set label 3 word('1 4 8', i).' producer'.(i > 1 ? 's' : '').', '.word('1 4 8', i).' consumer'.(i > 1 ? 's' : '') \
    at graph 0, graph 1.05 left font 'sans-serif:Bold,11' textcolor rgb ink
  plot data(cells, 'lines') using ($3 == 0 ? $1 : NaN):(log10($2)) with linespoints linewidth 1.5 pointtype 7 pointsize 0.5 linecolor rgb other, \
       '' using ($3 == 1 ? $1 : NaN):(log10($2)) with linespoints linewidth 4 pointtype 7 pointsize 1 linecolor rgb us, \
       data(cells, 'labels') using ($1 * 1.03):5:($1 * 0.12):($2 - $5) with vectors nohead linewidth 0.7 linecolor rgb '#bbbbbb', \
       '' using ($4 == 0 ? $1 * 1.22 : NaN):2:3 with labels left font 'sans-serif,10' textcolor rgb '#555555', \
       '' using ($4 == 1 ? $1 * 1.22 : NaN):2:3 with labels left font 'sans-serif:Bold,12' textcolor rgb us
  unset label 1
  unset label 2
}
unset multiplot
load directory.'/finish.gp'
