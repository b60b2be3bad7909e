# Throughput by cell. gnuplot -c queue.gp CSV PICTURE [-blocking]
# Without -blocking: the cells that never wait, or the others if there are no such.
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
streams = '^(pairs-[0-9]+|[0-9]+p[0-9]+c)'
waits = ARGC > 2 ? ARG3 : \
  system(sprintf("awk -F, '$2 ~ /%s$/ { n++ } $2 ~ /%s-blocking$/ { b++ } END { if (b && !n) print \"-blocking\" }' '%s'", streams, streams, csv))
cells = streams.waits.'$'
# 1024 if it is there, else the first
capacity = int(system(sprintf("awk -F, '$2 ~ /%s/ && (!c || $3 == 1024) { c = $3 } END { print c + 0 }' '%s'", cells, csv)))
heading = waits eq '' ? 'Queues that never wait: how many times as fast headrace is' \
                      : 'Queues that wait: how many times as fast headrace is'
remark = 'NpMc: N producers, M consumers. pairs-N: N threads push, then pop. Capacity '.capacity.'. Under each cell: what headrace does.'
load directory.'/heatmap.gp'
