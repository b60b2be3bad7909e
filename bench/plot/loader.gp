# Loaders by order and workers. gnuplot -c loader.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
heading = 'Tokens a second from a file in memory to the trainer'
remark = 'Bars: medians; whiskers: minimum and maximum.'
unit = 'Gtokens/s'
capacity = 0
load directory.'/bars.gp'
