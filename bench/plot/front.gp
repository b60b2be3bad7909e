# The two figures of README.md: a queue's and a loader's. gnuplot -c front.gp QUEUE_CSV PICTURE LOADER_CSV
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
rows(what, file) = sprintf("< awk -v what=%s -f '%s/front.awk' '%s'", what, directory, file)
queues = rows('queue', csv)
loaders = rows('loader', ARG3)
set datafile separator ','
stats queues using 2 name 'Q' nooutput
stats loaders using 2 name 'L' nooutput
lines = Q_records > L_records ? Q_records : L_records
wide = 1000
high = 96 + 26 * lines
load directory.'/style.gp'
unset key
unset ytics
unset xtics
set yrange [-lines - 0.6:-0.4]
set tmargin at screen 1 - 66.0 / high
set bmargin at screen 12.0 / high
shade(is_us) = is_us == 1 ? 0x0b6e4f : 0x8a8f98
set label 1 'Million batches a second, 8 threads to 8' at screen 0.02, screen 1 - 24.0 / high font 'sans-serif,14' textcolor rgb ink
set label 2 'queue of 1024'.on at screen 0.02, screen 1 - 46.0 / high font 'sans-serif,10' textcolor rgb '#555555'
set label 3 'Million shuffled tokens a second to the trainer' at screen 0.52, screen 1 - 24.0 / high font 'sans-serif,14' textcolor rgb ink
set label 4 '32 x 1024 a batch, N threads or processes'.on at screen 0.52, screen 1 - 46.0 / high font 'sans-serif,10' textcolor rgb '#555555'
set multiplot
set lmargin at screen 0.235
set rmargin at screen 0.49
set xrange [0:Q_max * 1.2]
plot queues using (0):1:(0):2:($1 - 0.38):($1 + 0.38):(shade($4)) with boxxyerror fillstyle solid 1 noborder linecolor rgb variable, \
     '' using 2:1:5 with labels left offset 0.5,0 font 'sans-serif:Bold,10' textcolor rgb ink, \
     '' using (0):1:3 with labels right offset -0.8,0 font 'sans-serif,10' textcolor rgb ink
unset label
set lmargin at screen 0.66
set rmargin at screen 0.97
set xrange [0:L_max * 1.2]
plot loaders using (0):1:(0):2:($1 - 0.38):($1 + 0.38):(shade($4)) with boxxyerror fillstyle solid 1 noborder linecolor rgb variable, \
     '' using 2:1:5 with labels left offset 0.5,0 font 'sans-serif:Bold,10' textcolor rgb ink, \
     '' using (0):1:3 with labels right offset -0.8,0 font 'sans-serif,10' textcolor rgb ink
unset multiplot
load directory.'/finish.gp'
