/* headrace bench. */
#ifndef HEADRACE_CLI_BENCH_H
#define HEADRACE_CLI_BENCH_H

/* argv[0] is "bench". Does not return where headrace-bench is found; else the exit status. */
int command_bench(int argc, char **argv);

#endif
