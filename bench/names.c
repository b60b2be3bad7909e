#include "names.h"

#include "cli/nearest.h"

#include <fnmatch.h>
#include <string.h>

static void say_meant(const nearest *n, const char *mark) {
  if (n->word != NULL) fprintf(stderr, "; did you mean %s%s?", mark, n->word);
}

bool names_refuse_option(const bench_suite *suite, const struct option *options, int answer, char **argv) {
  char typed[40];
  const char *argument = argv[optind - 1], *bare = argument + strspn(argument, "-");
  snprintf(typed, sizeof typed, "%.*s", (int)strcspn(bare, "="), bare);
  nearest n = nearest_to(typed);
  for (const struct option *o = options; o->name != NULL; o++) nearest_try(&n, o->name);
  bool known = n.distance == 0;
  fprintf(stderr, "headrace-bench: %s %s%s", argument,
          answer == ':' ? "needs an argument"
          : known       ? "takes no argument"
                        : "is no option of ",
          answer == ':' || known ? "" : suite->name);
  if (answer == '?' && !known) say_meant(&n, "--");
  fprintf(stderr, " (see headrace bench %s --help)\n", suite->name);
  return false;
}

/* The first pattern of a list that matches none of the cells, or, without cells, of the contestants. */
static bool find_unknown(const char *list, const bench_suite *suite, const bench_cell *cells,
                         size_t cell_count, char *pattern, size_t size) {
  for (const char *at = list; at != NULL && *at != '\0';) {
    bool found = false;
    size_t length = strcspn(at, ",");
    snprintf(pattern, size, "%.*s", (int)(length < strcspn(at, "@") ? length : strcspn(at, "@")), at);
    for (size_t i = 0; i < cell_count; i++) found |= fnmatch(pattern, cells[i].name, 0) == 0;
    for (size_t i = 0; cells == NULL && i < suite->contestant_count; i++)
      found |= fnmatch(pattern, suite->contestants[i].name, 0) == 0;
    if (!found) return true;
    at += length + (at[length] == ',');
  }
  return false;
}

int names_nobody(const bench_suite *suite, const bench_options *o, const bench_cell *cells,
                 size_t cell_count) {
  char pattern[128];
  bool no_cell = find_unknown(o->cells, suite, cells, cell_count, pattern, sizeof pattern);
  bool unknown = no_cell || find_unknown(o->contestants, suite, NULL, 0, pattern, sizeof pattern);
  fputs("headrace-bench: nobody takes part", stderr);
  if (unknown) {
    nearest n = nearest_to(pattern);
    for (size_t i = 0; no_cell && i < cell_count; i++) nearest_try(&n, cells[i].name);
    for (size_t i = 0; !no_cell && i < suite->contestant_count; i++)
      nearest_try(&n, suite->contestants[i].name);
    fprintf(stderr, ": %s is no %s", pattern, no_cell ? "cell" : "contestant");
    say_meant(&n, "");
  }
  fprintf(stderr, " (headrace bench %s --list names the cells and contestants)\n", suite->name);
  return 2;
}

static const bench_options listing = {.only_list = true};

/* Cells stand there once for each capacity. */
static bool print_cells(const bench_suite *suite) {
  const bench_cell *cells = suite->cells;
  size_t count = suite->cell_count;
  if (suite->make_cells != NULL && !suite->make_cells(&listing, &cells, &count)) return false;
  for (size_t i = 0; i < count; i++)
    if (i == 0 || strcmp(cells[i].name, cells[i - 1].name) != 0) puts(cells[i].name);
  return true;
}

static bool print_contestants(const bench_suite *suite) {
  bool prepared = suite->prepare == NULL || suite->prepare(&listing); /* which may name them */
  for (size_t i = 0; prepared && i < suite->contestant_count; i++) puts(suite->contestants[i].name);
  if (suite->finish != NULL) suite->finish();
  return prepared;
}

int names_complete(const bench_suite *suite, const struct option *options, const char *option) {
  if (option != NULL && strcmp(option, "--cells") == 0) return print_cells(suite) ? 0 : 1;
  if (option != NULL && strcmp(option, "--contestants") == 0) return print_contestants(suite) ? 0 : 1;
  for (const struct option *o = options; option == NULL && o->name != NULL; o++)
    printf("--%s%s\n", o->name, o->has_arg == required_argument ? "=" : "");
  return 0;
}
