# A table of colours: how many times as good headrace is as each peer (rows) in each cell (columns).
# Before: csv, out, heading, remark; cells, a pattern of their names; capacity, 0 for any. Rows and columns
# keep the order of the CSV.
table(what) = sprintf("< awk -v what=%s -v cells='%s' -v capacity=%d -f '%s/heatmap.awk' '%s'", \
                      what, cells, capacity, directory, csv)
set datafile separator ','
stats table('size') using 1 name 'L' nooutput
if (L_max < 1) exit error 'none of the cells measured is in this picture: '.heading
stats table('size') using 2 name 'C' nooutput
lines = int(L_max)
columns = int(C_max)
wide = columns < 9 ? 930 : 230 + 78 * columns
high = 150 + 30 * (lines + 1.4)
load directory.'/style.gp'
set lmargin at screen 175.0 / wide
set rmargin at screen (200.0 + 78 * columns) / wide
set tmargin at screen 1 - 68.0 / high
set bmargin at screen 52.0 / high
set label 1 heading.on at screen 20.0 / wide, screen 1 - 28.0 / high font 'sans-serif,15' textcolor rgb ink
set label 2 remark at screen 20.0 / wide, screen 1 - 52.0 / high font 'sans-serif,10' textcolor rgb '#555555'
set xrange [0.5:columns + 0.5]
set yrange [0.5:lines + 1.9]
unset xtics
set ytics font 'sans-serif,11' offset 0.5,0
set palette defined (-2 '#c1403d', -0.6 '#f0b5a8', 0 '#f7f7f2', 1 '#bfe3c8', 3.3 '#3fa66b', 7 '#0b6e4f')
set cbrange [-2:7]
unset colorbox
unset key
set label 3 'green: headrace is faster, so many times    red: the peer is faster' \
  at screen 20.0 / wide, screen 22.0 / high font 'sans-serif,10' textcolor rgb '#555555'
plot table('rows') using 1:2:(0.48):(0.46):3 with boxxyerror fillstyle solid 1 noborder fillcolor palette, \
     '' using 1:(abs($3) < 3.9 && $3 > -1.6 ? $2 : NaN):4 with labels font 'sans-serif,11' textcolor rgb ink, \
     '' using 1:(abs($3) < 3.9 && $3 > -1.6 ? NaN : $2):4 with labels font 'sans-serif,11' textcolor rgb '#ffffff', \
     '' using (NaN):2:ytic(5) with points notitle, \
     table('cells') using 1:(lines + 1.35):2 with labels font 'sans-serif:Bold,11' textcolor rgb ink, \
     '' using 1:(lines + 0.8):3 with labels font 'sans-serif,9' textcolor rgb us
load directory.'/finish.gp'
