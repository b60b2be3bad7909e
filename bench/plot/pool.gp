# Pools by cell. gnuplot -c pool.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
cells = '^(both|sides)-'
capacity = 0
heading = 'Pools: how many times as fast headrace is'
remark = 'both-N: N threads allocate and release. sides-N: N allocate, N others release.'
load directory.'/heatmap.gp'
