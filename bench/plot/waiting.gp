# What it costs to be able to wait when nobody waits. gnuplot -c waiting.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
data = sprintf("< awk -f '%s/waiting.awk' '%s'", directory, csv)
set datafile separator ','
stats data using 1 name 'L' nooutput
stats data using 3 name 'T' nooutput
wide = 900
high = 160 + 56 * L_max
load directory.'/style.gp'
set lmargin at screen 0.24
set rmargin at screen 0.97
set tmargin at screen 1 - 84.0 / high
set bmargin at screen 62.0 / high
set label 1 'What waiting costs when nobody waits'.on at screen 0.02, screen 1 - 28.0 / high \
  font 'sans-serif,15' textcolor rgb ink
set label 2 'One thread pushes and pops. Pale: by calls that never wait. Dark: by calls that would wait (ring alone: that notify).' \
  at screen 0.02, screen 1 - 54.0 / high font 'sans-serif,10' textcolor rgb '#555555'
set xrange [0:T_max * 1.3]
set yrange [0.4:L_max + 0.6]
set xlabel 'nanoseconds a push and a pop' textcolor rgb ink
set grid xtics linetype 1 linewidth 1 linecolor rgb faint
unset key
shade(is_us) = is_us == 1 ? 0x0b6e4f : 0x8a8f98
pale(is_us) = is_us == 1 ? 0x9fcdb9 : 0xcfd2d7
plot data using (0):($1 + 0.17):(0):2:($1 + 0.06):($1 + 0.28):(pale($5)) with boxxyerror fillstyle solid 1 noborder linecolor rgb variable, \
     '' using (0):($1 - 0.13):(0):3:($1 - 0.30):($1 + 0.04):(shade($5)):ytic(4) with boxxyerror fillstyle solid 1 noborder linecolor rgb variable, \
     '' using 2:($1 + 0.17):6 with labels left offset 0.5,0 font 'sans-serif,9' textcolor rgb '#555555', \
     '' using 3:($1 - 0.13):7 with labels left offset 0.5,0 font 'sans-serif:Bold,10' textcolor rgb ink
load directory.'/finish.gp'
