# Bars with their spread, in groups, one a cell. Before: csv, out, heading, remark; unit, of the cells to take; capacity, 0
# for any. If there: only, a pattern of cells to take; leave_out, of contestants.
if (!exists('only')) only = ''
if (!exists('leave_out')) leave_out = ''
data = sprintf("< awk -v unit='%s' -v capacity=%d -v only='%s' -v leave_out='%s' -f '%s/bars.awk' '%s'", unit, capacity, only, leave_out, directory, csv)
set datafile separator ','
stats data using (-$1) name 'L' nooutput
stats data using 4 name 'T' nooutput
wide = 900
high = 130 + 24 * L_max
load directory.'/style.gp'
set lmargin at screen 0.24
set rmargin at screen 0.97
set tmargin at screen 1 - 76.0 / high
set bmargin at screen 48.0 / high
set label 1 heading.on at screen 0.02, screen 1 - 28.0 / high font 'sans-serif,15' textcolor rgb ink
set label 2 remark at screen 0.02, screen 1 - 54.0 / high font 'sans-serif,10' textcolor rgb '#555555'
set xrange [0:T_max * 1.15]
set yrange [-L_max - 0.6:-0.4]
set xlabel unit textcolor rgb ink
set grid xtics linetype 1 linewidth 1 linecolor rgb faint
unset key
unset ytics
shade(is_us) = is_us == 1 ? 0x0b6e4f : 0x8a8f98
plot data using ($6 < 2 ? 0 : NaN):1:(0):2:($1 - 0.38):($1 + 0.38):(shade($6)) with boxxyerror fillstyle solid 1 noborder linecolor rgb variable, \
     '' using ($6 < 2 ? $2 : NaN):1:3:4 with xerrorbars pointtype 7 pointsize 0 linewidth 1 linecolor rgb ink, \
     '' using ($6 < 2 ? $4 : NaN):1:7 with labels left offset 0.7,0 font 'sans-serif:Bold,10' textcolor rgb ink, \
     '' using ($6 < 2 ? 0 : NaN):1:5 with labels right offset -0.8,0 font 'sans-serif,10' textcolor rgb ink, \
     '' using ($6 == 2 ? 0 : NaN):1:5 with labels left offset 0.3,0 font 'sans-serif:Bold,10' textcolor rgb ink
load directory.'/finish.gp'
