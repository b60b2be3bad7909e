/* headrace-bench: what `headrace bench` runs. A program of its own, since it links everything that
   Headrace is measured against. */
#include "bench.h"
#include "frame.h"

#include "cli/nearest.h"

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

static int no_suite(const char *name) {
  nearest n = nearest_to(name);
  for (size_t i = 0; i < SUITES; i++) nearest_try(&n, suites[i].suite->name);
  nearest_try(&n, elsewhere);
  fprintf(stderr, "headrace-bench: %s is no suite%s%s%s (see headrace bench --help)\n", name,
          n.word != NULL ? "; did you mean " : "", n.word != NULL ? n.word : "", n.word != NULL ? "?" : "");
  return 2;
}

/* argv[1] is the suite's name. */
static int run(int argc, char **argv) {
  for (size_t i = 0; i < SUITES; i++)
    if (strcmp(argv[1], suites[i].suite->name) == 0) return bench_main(suites[i].suite, argc - 1, argv + 1);
  return strcmp(argv[1], elsewhere) == 0 ? run_elsewhere(argv) : no_suite(argv[1]);
}

/* --complete [SUITE [OPTION]]: what a shell offers; the suite's part is in names.h. */
static int complete(int argc, char **argv) {
  if (argc > 2) {
    char *const name = argv[2];
    argv[2] = argv[1]; /* SUITE --complete OPTION */
    argv[1] = name;
    return run(argc, argv);
  }
  for (size_t i = 0; i < SUITES; i++) puts(suites[i].suite->name);
  puts(elsewhere);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return usage(stderr);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return usage(stdout);
  if (strcmp(argv[1], "--complete") == 0) return complete(argc, argv);
  return run(argc, argv);
}
