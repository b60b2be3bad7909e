#include "frame.h"
#include "names.h"

#include <fnmatch.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 256, CONTESTANTS, SECONDS, ROUNDS, CSV, PLOT, QUICK, LIST, HELP, OWN };

static const struct option common[] = {{"cells", required_argument, NULL, CELLS},
                                       {"contestants", required_argument, NULL, CONTESTANTS},
                                       {"seconds", required_argument, NULL, SECONDS},
                                       {"rounds", required_argument, NULL, ROUNDS},
                                       {"csv", required_argument, NULL, CSV},
                                       {"plot", required_argument, NULL, PLOT},
                                       {"quick", no_argument, NULL, QUICK},
                                       {"list", no_argument, NULL, LIST},
                                       {"help", no_argument, NULL, HELP}};

#define COMMON (sizeof common / sizeof common[0])

/* The common options, the suite's own and an end. */
static void all_options(const bench_suite *suite, struct option all[COMMON + BENCH_MAX_OWN + 1]) {
  memcpy(all, common, sizeof common);
  for (size_t i = 0; i < suite->option_count; i++) {
    const bench_option *own = &suite->options[i];
    all[COMMON + i] = (struct option){own->name, own->argument != NULL ? required_argument : no_argument,
                                      NULL, OWN + (int)i};
  }
  all[COMMON + suite->option_count] = (struct option){0};
}

/* Its lines, the second and following ones below the first. */
static void own_usage(FILE *to, const bench_option *own) {
  char name[64];
  snprintf(name, sizeof name, "--%s%s%s", own->name, own->argument != NULL ? " " : "",
           own->argument != NULL ? own->argument : "");
  const char *line = own->help;
  fprintf(to, "  %-21s ", name);
  for (size_t length; (length = strcspn(line, "\n")), line[length] != '\0'; line += length + 1)
    fprintf(to, "%.*s\n%24s", (int)length, line, "");
  fprintf(to, "%s\n", line);
}

void options_usage(FILE *to, const bench_suite *suite) {
  fprintf(to,
          "Usage: headrace bench %s [OPTION...]\n\nOptions:\n"
          "  --quick               the important cells only, and short\n"
          "  --cells LIST          comma separated patterns of NAME or NAME@CAPACITY, e.g.\n"
          "                        '4p4c,*-blocking,*@16'\n"
          "  --contestants LIST    comma separated patterns of names\n"
          "  --seconds S           how long a measurement takes\n"
          "  --rounds N            how often each one is repeated, the contestants in turn\n"
          "  --csv FILE            write bench, cell, capacity, contestant, median, min, max,\n"
          "                        unit, rounds and processors\n"
          "  --plot FILE           draw a picture with gnuplot: FILE.svg or FILE.png\n"
          "  --list                name the cells and contestants, measure nothing\n",
          suite->name);
  if (suite->option_count > 0) fputs("\nOf this suite:\n", to);
  for (size_t i = 0; i < suite->option_count; i++) own_usage(to, &suite->options[i]);
}

bool bench_refuse(const char *option, const char *value, const char *expected, ...) {
  va_list arguments;
  va_start(arguments, expected);
  fprintf(stderr, "headrace-bench: %s is '%s', expected ", option, value);
  vfprintf(stderr, expected, arguments);
  fputc('\n', stderr);
  va_end(arguments);
  return false;
}

/* NOLINTBEGIN(clang-analyzer-core.NonNullParamChecker): getopt refuses these options without an argument */
static bool parse_seconds(const char *text, double *seconds) {
  char *end;
  *seconds = strtod(text, &end);
  if (end != text && *end == '\0' && *seconds > 0 && *seconds <= 3600) return true;
  return bench_refuse("--seconds", text, "a number above 0, 3600 at most");
}

static bool parse_rounds(const char *text, unsigned *rounds) {
  char *end;
  long value = strtol(text, &end, 10);
  if (end == text || *end != '\0' || value < 1 || value > BENCH_MAX_ROUNDS)
    return bench_refuse("--rounds", text, "a number from 1 to 1000");
  *rounds = (unsigned)value;
  return true;
}

static bool parse_plot(const char *path, const char **plot) {
  const char *dot = strrchr(path, '.');
  *plot = path;
  if (dot != NULL && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".png") == 0)) return true;
  return bench_refuse("--plot", path, "a file name that ends in .svg or .png");
}
/* NOLINTEND(clang-analyzer-core.NonNullParamChecker) */

bool options_parse(const bench_suite *suite, int argc, char **argv, bench_options *o,
                   options_action *action) {
  static char help[] = "--help";
  struct option all[COMMON + BENCH_MAX_OWN + 1];
  all_options(suite, all);
  *o = (bench_options){0};
  *action = OPTIONS_MEASURE;
  if (argc == 2 && strcmp(argv[1], "help") == 0) argv[1] = help;
  opterr = 0;
  for (int option; (option = getopt_long(argc, argv, ":h", all, NULL)) != -1;) {
    bool good = true;
    switch (option) {
    case CELLS:
      o->cells = optarg;
      break;
    case CONTESTANTS:
      o->contestants = optarg;
      break;
    case SECONDS:
      good = parse_seconds(optarg, &o->seconds);
      break;
    case ROUNDS:
      good = parse_rounds(optarg, &o->rounds);
      break;
    case CSV:
      o->csv = optarg;
      break;
    case PLOT:
      good = parse_plot(optarg, &o->plot);
      break;
    case QUICK:
      o->quick = true;
      break;
    case LIST:
      *action = OPTIONS_LIST;
      break;
    case HELP:
    case 'h':
      *action = OPTIONS_HELP;
      break;
    default:
      good = option >= OWN || names_refuse_option(suite, all, option, argv);
      if (good) o->own[option - OWN] = optarg != NULL ? optarg : "";
    }
    if (!good) return false;
  }
  return optind == argc || bench_refuse("an argument", argv[optind], "options only");
}

int options_complete(const bench_suite *suite, const char *option) {
  struct option all[COMMON + BENCH_MAX_OWN + 1];
  all_options(suite, all);
  return names_complete(suite, all, option);
}

/* Whether a pattern of a comma separated list matches either of two names. */
static bool matches(const char *list, const char *one, const char *other) {
  char pattern[128];
  for (const char *at = list; *at != '\0';) {
    size_t length = strcspn(at, ",");
    snprintf(pattern, sizeof pattern, "%.*s", (int)length, at);
    if (fnmatch(pattern, one, 0) == 0 || fnmatch(pattern, other, 0) == 0) return true;
    at += length + (at[length] == ',');
  }
  return false;
}

bool options_want_cell(const bench_options *o, const bench_cell *cell) {
  char with_capacity[128];
  if (o->cells == NULL) return cell->quick || !o->quick;
  snprintf(with_capacity, sizeof with_capacity, "%s@%u", cell->name, cell->capacity);
  return matches(o->cells, cell->name, with_capacity);
}

bool options_want_contestant(const bench_options *o, const bench_contestant *contestant) {
  if (o->contestants == NULL) return !contestant->hidden;
  if (!contestant->hidden) return matches(o->contestants, contestant->name, contestant->name);
  char exact[128]; /* a hidden one is not caught by a pattern */
  snprintf(exact, sizeof exact, ",%s,", contestant->name);
  char list[1024];
  snprintf(list, sizeof list, ",%s,", o->contestants);
  return strstr(list, exact) != NULL;
}
