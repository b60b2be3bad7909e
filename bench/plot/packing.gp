# Time to the first batch by how many documents there are. gnuplot -c packing.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
heading = 'From making a loader to its first batch'
remark = 'Bars: medians; whiskers: minimum and maximum.'
unit = 'ms'
capacity = 0
only = 'first$'
load directory.'/bars.gp'
