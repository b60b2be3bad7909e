/* headrace-bench: what `headrace bench` runs. A program of its own, since it links everything that
   Headrace is measured against. */
#include "bench.h"
#include "frame.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
  const bench_suite *suite;
  const char *help;
} suites[] = {
    {&bench_queue, "batches handed from threads to threads"},
    {&bench_pool, "batches taken from a pool and given back"},
    {&bench_loader, "tokens made into shuffled batches"},
    {&bench_packing, "documents packed into rows"},
    {&bench_sizing, "what the sizes of pools and queues cost and give"},
};
enum { SUITES = sizeof suites / sizeof *suites };

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
  fputs("Usage: headrace bench SUITE [OPTION...]\n\n"
        "Measure queues, the pool and the loader against others.\n\nSuites:\n",
        to);
  for (size_t i = 0; i < SUITES; i++) fprintf(to, "  %-10s %s\n", suites[i].suite->name, suites[i].help);
  fprintf(to, "  %-10s %s\n\nheadrace bench SUITE --help names the options of a suite.\n", elsewhere,
          "text made into ids");
  return to == stdout ? 0 : 2;
}

int main(int argc, char **argv) {
  if (argc < 2) return usage(stderr);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout);
  for (size_t i = 0; i < SUITES; i++)
    if (strcmp(argv[1], suites[i].suite->name) == 0) return bench_main(suites[i].suite, argc - 1, argv + 1);
  return strcmp(argv[1], elsewhere) == 0 ? run_elsewhere(argv) : usage(stderr);
}
