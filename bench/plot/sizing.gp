# How many batches a pool, how many places a queue: four pictures. gnuplot -c sizing.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
wide = 1180
high = 900
load directory.'/style.gp'
data(cells, metric, by) = sprintf("< awk -v cells='%s' -v metric='%s' -v by=%s -f '%s/sizing.awk' '%s'", \
                                  cells, metric, by, directory, csv)
second = '#c77c11' # the second and third colour of a panel
third  = '#3b6ea8'
fourth = '#8a8f98'
set multiplot
set label 1 'How many batches, how many places'.on at screen 0.02, screen 0.97 font 'sans-serif,15' textcolor rgb ink
set grid xtics ytics linetype 1 linewidth 1 linecolor rgb faint
set key font 'sans-serif,10' textcolor rgb ink samplen 1.6 spacing 1.1

# What the trainer waits for, by the number of batches.
set lmargin at screen 0.055
set rmargin at screen 0.485
set tmargin at screen 0.86
set bmargin at screen 0.55
set label 2 'What a trainer waits for' at graph 0, graph 1.13 left font 'sans-serif:Bold,12' textcolor rgb ink
set label 3 'Share of its time, by batches in the pool, or places in the queue.' \
  at graph 0, graph 1.05 left font 'sans-serif,10' textcolor rgb '#555555'
set xrange [0:37]
set yrange [0:14]
set xtics 0, 5, 40
set ytics ('0' 0, '2 %%' 2, '4 %%' 4, '6 %%' 6, '8 %%' 8, '10 %%' 10)
set key top right
set arrow 1 from 5, graph 0 to 5, graph 1 nohead linewidth 1 dashtype 2 linecolor rgb '#999999'
set arrow 2 from 20, graph 0 to 20, graph 1 nohead linewidth 1 dashtype 2 linecolor rgb '#999999'
plot data('stall-20', 'waiting', 'capacity') using 1:2 with linespoints linewidth 3 pointtype 7 pointsize 0.8 linecolor rgb us title 'no data for 20 batches'' time', \
     data('stall-5', 'waiting', 'capacity') using 1:2 with linespoints linewidth 3 dashtype 3 pointtype 7 pointsize 0.8 linecolor rgb us title 'for 5', \
     data('queue-stall-20', 'waiting', 'capacity') using 1:2 with linespoints linewidth 2 pointtype 5 pointsize 0.8 linecolor rgb second title 'for 20, own producer and queue', \
     data('pause-20', 'waiting', 'capacity') using 1:2 with linespoints linewidth 2 pointtype 9 pointsize 1 linecolor rgb third title 'trainer pauses for 20, data 8 % slower than it', \
     data('burst-20', 'waiting', 'capacity') using 1:2 with linespoints linewidth 2 pointtype 13 pointsize 1 linecolor rgb fourth title 'trainer takes 20 at once'
unset arrow
unset label 1

# How long a batch is under way, by capacity.
set lmargin at screen 0.565
set rmargin at screen 0.985
set label 2 'How long a batch is in a queue' at graph 0, graph 1.13
set label 3 'By capacity (none: 16384 batches in all). Thick: median; thin: 99 %.' at graph 0, graph 1.05
set logscale x 2
set logscale y 10
set xrange [0.8:20000]
set yrange [0.1:100000]
set xtics ('1' 1, '4' 4, '16' 16, '64' 64, '256' 256, '1024' 1024, '4096' 4096, 'none' 16384)
set ytics ('0.1 µs' 0.1, '1 µs' 1, '10 µs' 10, '100 µs' 100, '1 ms' 1000, '10 ms' 10000, '100 ms' 100000)
set key top left
plot data('queue-4p4c', 'over-p50', 'capacity') using 1:2 with linespoints linewidth 3 pointtype 7 pointsize 0.8 linecolor rgb us title '4 producers, 4 consumers', \
     data('queue-4p4c', 'over-p99', 'capacity') using 1:2 with lines linewidth 1.2 linecolor rgb us notitle, \
     data('queue-1p1c', 'over-p50', 'capacity') using 1:2 with linespoints linewidth 3 pointtype 5 pointsize 0.8 linecolor rgb second title '1 producer, 1 consumer', \
     data('queue-1p1c', 'over-p99', 'capacity') using 1:2 with lines linewidth 1.2 linecolor rgb second notitle

# How many a second, by capacity.
set lmargin at screen 0.055
set rmargin at screen 0.485
set tmargin at screen 0.395
set bmargin at screen 0.085
set label 2 'What a queue hands over' at graph 0, graph 1.13
set label 3 'Millions of batches a second, from a pool and back to it, by capacity.' at graph 0, graph 1.05
unset logscale y
set yrange [0:*]
set ytics autofreq
set key top left
set offsets 0, 0, graph 0.22, 0
plot data('queue-4p4c', 'speed', 'capacity') using 1:2:3:4 with yerrorbars linewidth 1 pointtype 7 pointsize 0 linecolor rgb us notitle, \
     '' using 1:2 with linespoints linewidth 3 pointtype 7 pointsize 0.8 linecolor rgb us title '4 producers, 4 consumers', \
     data('queue-1p1c', 'speed', 'capacity') using 1:2:3:4 with yerrorbars linewidth 1 pointtype 7 pointsize 0 linecolor rgb second notitle, \
     '' using 1:2 with linespoints linewidth 3 pointtype 5 pointsize 0.8 linecolor rgb second title '1 producer, 1 consumer'

# How fast the loader is, by memory.
set lmargin at screen 0.565
set rmargin at screen 0.985
workers = int(system(sprintf("awk -F, '$2 ~ /^loader-/ { split($2, n, /[-.]/); w = n[3] } END { print w + 0 }' '%s'", csv)))
set label 2 'What a loader delivers' at graph 0, graph 1.13
set label 3 sprintf('Gtokens/s with %d workers, by the memory of all batches.', workers) at graph 0, graph 1.05
set logscale x 2
set xrange [0.06:250]
set key top right
set xtics ('64 KiB' 0.0625, '256 KiB' 0.25, '1 MiB' 1, '4 MiB' 4, '16 MiB' 16, '64 MiB' 64)
plot data('loader-2x1024-[0-9]*', 'speed', 'memory') using 1:2 with linespoints linewidth 2 pointtype 13 pointsize 1 linecolor rgb fourth title 'batches of 2 x 1024', \
     data('loader-8x1024-[0-9]*', 'speed', 'memory') using 1:2 with linespoints linewidth 2 pointtype 9 pointsize 1 linecolor rgb third title '8 x 1024', \
     data('loader-32x1024-[0-9]*', 'speed', 'memory') using 1:2 with linespoints linewidth 3 pointtype 7 pointsize 0.8 linecolor rgb us title '32 x 1024', \
     data('loader-128x1024-[0-9]*', 'speed', 'memory') using 1:2 with linespoints linewidth 2 pointtype 5 pointsize 0.8 linecolor rgb second title '128 x 1024'
unset multiplot
load directory.'/finish.gp'
