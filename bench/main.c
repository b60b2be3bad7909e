/* headrace-bench: what `headrace bench` runs. A program of its own, since it links everything that
   Headrace is measured against. */
#include "bench.h"
#include "frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const bench_suite *const suites[] = {&bench_queue, &bench_pool, &bench_loader, &bench_packing,
                                            &bench_sizing};

/* It looks inside the library, which the shared one does not show: a program beside this one. */
static const char elsewhere[] = "tokenizer";

static int run_elsewhere(char **argv) {
  char directory[4000], program[4096];
  if (!machine_directory(directory, sizeof directory)) return 1;
  snprintf(program, sizeof program, "%s/headrace-bench-%s", directory, elsewhere);
  execv(program, argv);
  fprintf(stderr, "headrace-bench: %s cannot be run: %s\n", program, strerror(errno));
  return 1;
}

static int usage(FILE *to) {
  fprintf(to, "Usage: headrace bench SUITE [options]; headrace bench SUITE --help\nSuites:");
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) fprintf(to, " %s", suites[i]->name);
  fprintf(to, " %s\n", elsewhere);
  return to == stdout ? 0 : 2;
}

int main(int argc, char **argv) {
  if (argc < 2) return usage(stderr);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout);
  for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++)
    if (strcmp(argv[1], suites[i]->name) == 0) return bench_main(suites[i], argc - 1, argv + 1);
  return strcmp(argv[1], elsewhere) == 0 ? run_elsewhere(argv) : usage(stderr);
}
