# Throughput by cell. gnuplot -c queue.gp CSV PICTURE [-blocking]
csv = ARG1
out = ARG2
waits = ARGC > 2 ? ARG3 : ''
directory = system("dirname '".ARG0."'")
cells = '^(pairs-[0-9]+|[0-9]+p[0-9]+c)'.waits.'$'
capacity = 1024
heading = waits eq '' ? 'Queues that never wait: how many times as fast headrace is' \
                      : 'Queues that wait: how many times as fast headrace is'
remark = 'NpMc: N producers, M consumers. pairs-N: N threads push, then pop. Capacity 1024. Under each cell: what headrace does.'
load directory.'/heatmap.gp'
