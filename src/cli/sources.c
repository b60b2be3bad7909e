#include "sources.h"

#include <float.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char sources_help[] =
    "FILE is a file, a directory or a quoted pattern; several are one stream.\n"
    "FILE:WEIGHT mixes: each argument is a source of its own and gives its share of\n"
    "the rows (a.bin:3 'b/*.bin:1'). A file that is there under the whole name comes\n"
    "first (x:3 is a file x:3 if there is one; x:3:1 gives it a weight).\n";

static bool finds_something(const char *pattern) {
  glob_t found;
  bool any = glob(pattern, GLOB_NOSORT, NULL, &found) == 0;
  globfree(&found);
  return any;
}

static bool is_there(const char *name) {
  struct stat status;
  return lstat(name, &status) == 0 || finds_something(name);
}

static int bad_weight(const char *command, const char *path, const char *weight) {
  return cli_usage_error(command, "the weight of %s is %s, expected a number above 0, such as 0.5", path,
                         weight);
}

/* Cuts the weight off *path, which is shortened. */
static int take_weight(const char *command, char *path, double *weight) {
  char *colon = strrchr(path, ':');
  *weight = 0;
  if (!colon || is_there(path)) return CLI_OK;
  *colon = '\0';
  if (cli_decimal(colon + 1, weight)) {
    return *weight > 0 && *weight <= DBL_MAX ? CLI_OK : bad_weight(command, path, colon + 1);
  }
  if (is_there(path)) return bad_weight(command, path, colon[1] ? colon + 1 : "empty");
  *colon = ':';
  return CLI_OK;
}

static int check_all_or_none(const sources *s, const char *command) {
  for (size_t i = 1; i < s->count; i++) {
    if ((s->list[i].weight > 0) == (s->list[0].weight > 0)) continue;
    bool first = s->list[0].weight > 0;
    return cli_usage_error(command,
                           "%s has a weight and %s has none, expected FILE:WEIGHT for all or for none",
                           s->paths[first ? 0 : i], s->paths[first ? i : 0]);
  }
  return CLI_OK;
}

int sources_take(sources *s, const char *command, char **arguments, size_t n) {
  int status = CLI_OK;
  if (n == 0) return cli_check_files(command, NULL, 0);
  s->paths = calloc(n, sizeof *s->paths);
  s->list = calloc(n, sizeof *s->list);
  s->datasets = calloc(n, sizeof *s->datasets);
  if (!s->paths || !s->list || !s->datasets)
    return cli_error(command, "no memory for the names of the files");
  for (; s->count < n && status == CLI_OK; s->count++) {
    char *path = s->paths[s->count] = strdup(arguments[s->count]);
    status = path ? take_weight(command, path, &s->list[s->count].weight)
                  : cli_error(command, "no memory for a name");
  }
  if (status == CLI_OK) status = cli_check_files(command, (const char *const *)s->paths, n);
  return status == CLI_OK ? check_all_or_none(s, command) : status;
}

bool sources_are_mixed(const sources *s) {
  return s->count > 0 && s->list[0].weight > 0;
}

/* A source each, or one of all. */
static bool open_all(sources *s, const batch_dataset_options *options) {
  size_t each = sources_are_mixed(s) ? 1 : s->count;
  const char *const *paths = (const char *const *)s->paths;
  for (size_t i = 0; i < s->count; i += each, s->opened++)
    if (!(s->datasets[s->opened] = batch_dataset_open(paths + i, each, options))) return false;
  return true;
}

int sources_open(sources *s, const char *command, const data_options *options) {
  uint64_t bad_lines = 0;
  if (!open_all(s, &options->dataset)) return cli_library_error(command);
  int status = data_options_check_all(options, command, (const BatchDataset *const *)s->datasets, s->opened);
  for (size_t i = 0; i < s->opened; i++) bad_lines += data_bad_lines(s->datasets[i]);
  if (status == CLI_OK) data_say_bad_lines(command, bad_lines);
  return status;
}

BatchLoader *sources_loader(const sources *s, const batch_loader_options *options) {
  if (!sources_are_mixed(s)) return batch_loader_create(s->datasets[0], options);
  for (size_t i = 0; i < s->count; i++) s->list[i].dataset = s->datasets[i];
  return batch_loader_create_mixed(s->list, s->count, options);
}

size_t sources_width(const sources *s) {
  size_t widest = 0;
  for (size_t i = 0; i < s->opened; i++) {
    size_t width = batch_dataset_width(s->datasets[i]);
    if (width > widest) widest = width;
  }
  return widest;
}

/* Of the rows, 0 to 1. */
static double share_of(const sources *s, size_t index) {
  double sum = 0;
  for (size_t i = 0; i < s->count; i++) sum += s->list[i].weight;
  return s->list[index].weight / sum;
}

void sources_print(const sources *s) {
  for (size_t i = 0; i < s->count && sources_are_mixed(s); i++) {
    printf("mix: %.4g %% of the rows are of ", 100 * share_of(s, i));
    cli_print(stdout, s->paths[i]);
    printf(", %s\n", cli_count(batch_dataset_tokens(s->datasets[i]), "token"));
  }
}

void sources_print_json(const sources *s, json *j) {
  if (!sources_are_mixed(s)) return;
  json_open(j, "sources", '[');
  for (size_t i = 0; i < s->count; i++) {
    json_open(j, NULL, '{');
    json_text(j, "path", s->paths[i]);
    json_number(j, "share", share_of(s, i));
    json_count(j, "tokens", batch_dataset_tokens(s->datasets[i]));
    json_close(j);
  }
  json_close(j);
}

void sources_describe(const sources *s, char *text, size_t room) {
  enum { LONGEST = 32 }; /* a share and what may stand behind it */
  size_t length = 0;
  *text = '\0';
  if (!sources_are_mixed(s)) return;
  for (size_t i = 0; i < s->count && length + LONGEST < room; i++)
    length +=
        (size_t)snprintf(text + length, room - length, "%s%.3g", i ? "/" : "  mix ", 100 * share_of(s, i));
  snprintf(text + length, room - length, " %%");
}

void sources_free(sources *s) {
  for (size_t i = 0; i < s->count; i++) free(s->paths[i]);
  for (size_t i = 0; i < s->opened; i++) batch_dataset_free(s->datasets[i]);
  free(s->paths);
  free(s->list);
  free(s->datasets);
  *s = (sources){0};
}
