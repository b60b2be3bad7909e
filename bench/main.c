/* headrace-bench: what `headrace bench` runs. A program of its own, since it links everything that
   Headrace is measured against. */
#include "bench.h"

#include <stdio.h>
#include <string.h>

static const bench_suite *const suites[] = {&bench_queue, &bench_pool, &bench_loader};

static int usage(FILE *to) {
  fprintf(to, "Usage: headrace bench SUITE [options]; headrace bench SUITE --help\nSuites:");
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) fprintf(to, " %s", suites[i]->name);
  fprintf(to, "\n");
  return to == stdout ? 0 : 2;
}

int main(int argc, char **argv) {
  if (argc < 2) return usage(stderr);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout);
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
    if (strcmp(argv[1], suites[i]->name) == 0) return bench_main(suites[i], argc - 1, argv + 1);
  return usage(stderr);
}
