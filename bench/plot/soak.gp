# What one process has and does while everything happens in it at once. gnuplot -c soak.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
part(what) = sprintf("< awk -v what=%s -v kinds='passed batches faults loaders queues cut forks' -f '%s/soak.awk' '%s'", what, directory, csv)
set datafile separator ','
stats csv using 1 every ::1 name 'S' nooutput
stats csv using 3 every ::1 name 'R' nooutput
wide = 900
high = 640
load directory.'/style.gp'
# In hours, minutes or seconds, whichever are few.
long = S_max >= 3 * 3600 ? 3600.0 : S_max >= 3 * 60 ? 60.0 : 1.0
unit = long == 3600.0 ? 'hours' : long == 60.0 ? 'minutes' : 'seconds'
set lmargin at screen 0.10
set rmargin at screen 0.80
set key at screen 0.815, graph 1.0 left top Left reverse width -2 samplen 1.5 textcolor rgb ink font 'sans-serif,10'
set xrange [0:S_max / long]
set grid ytics linetype 1 linewidth 1 linecolor rgb faint
point = 'with points pointtype 7 pointsize 0.35 linecolor rgb '
set multiplot
set label 1 'Everything at once in one process'.on at screen 0.02, screen 1 - 28.0 / high font 'sans-serif,15' textcolor rgb ink
set label 2 'Points: at rests, when no scene is played. Line: in between, every second.' at screen 0.02, screen 1 - 52.0 / high \
  font 'sans-serif,10' textcolor rgb '#555555'

set tmargin at screen 1 - 84.0 / high
set bmargin at screen 0.63
set yrange [0:R_max / 1024 * 1.15]
set ylabel 'MiB' textcolor rgb ink
set format x ''
plot part('busy') using ($1 / long):($3 / 1024) with lines linewidth 1 linecolor rgb other title 'resident', \
     part('rest') using ($1 / long):($3 / 1024) @point other title 'resident, at rests', \
     part('rest') using ($1 / long):($4 / 1048576) @point us title 'allocated, at rests'
unset label 1
unset label 2

set tmargin at screen 0.60
set bmargin at screen 0.35
set yrange [0.9:*]
set logscale y
set ylabel 'at rests' textcolor rgb ink
plot part('rest') using ($1 / long):5 @point other title 'mappings', \
     part('rest') using ($1 / long):8 @point us title 'live batches', \
     part('rest') using ($1 / long):6 @point warn title 'descriptors', \
     part('rest') using ($1 / long):7 @point ink title 'threads'

set tmargin at screen 0.32
set bmargin at screen 0.09
set yrange [*:*]
set ylabel 'each second' textcolor rgb ink
set format x
set format y '%.0s%c'
set xlabel unit textcolor rgb ink
line = 'with lines linewidth 2 linecolor rgb '
plot part('rate') using ($1 / long):2 @line other title 'through queues', \
     part('rate') using ($1 / long):3 @line us title 'batches of loaders', \
     part('rate') using ($1 / long):4 @line warn title 'calls failed', \
     part('rate') using ($1 / long):5 @line '#5b8def' title 'loaders', \
     part('rate') using ($1 / long):6 @line '#b58b00' title 'queues', \
     part('rate') using ($1 / long):7 @line '#7a4fa3' title 'files cut', \
     part('rate') using ($1 / long):8 @line ink title 'forks'
unset multiplot
load directory.'/finish.gp'
