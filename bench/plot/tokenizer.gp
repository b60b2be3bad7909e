# Tokenizers by text, one thread. gnuplot -c tokenizer.gp CSV PICTURE
csv = ARG1
out = ARG2
directory = system("dirname '".ARG0."'")
heading = 'Text to ids, one thread'
remark = 'Bars: medians; whiskers: minimum and maximum. Memory to memory, warm.'
unit = 'MB/s'
capacity = 0
only = '^[a-z]*-1$'
leave_out = '^(bytes|memcpy)$'
load directory.'/bars.gp'
