#include "soak/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "soak/watch.h"
#include "support/stress.h"

static const char usage[] =
    "usage: soak [OPTION...] [HOURS]\n"
    "Everything at once for so long (1; 0.02 is 72 seconds), then a verdict: 0 if all is right and flat.\n"
    "SIGINT and SIGTERM end it before its time, with the verdict on what there was, and by that signal.\n"
    "  --threads N      hands that play scenes, 1 to 63 (4)\n"
    "  --seed N         of what they draw\n"
    "  --csv FILE       a line of figures every second\n"
    "  --report FILE    the verdict, as it is printed\n"
    "  --command FILE   the headrace command, to run beside\n"
    "  --tokenizer FILE text is tokenized by this one, not into bytes\n"
    "  --only NAME      this scene and no other: train, loader, queue, pool, spheres, shared, files,\n"
    "                   text, open, state, writer, tokenize, fork, command, signals\n"
    "  --no-faults      no call fails on purpose\n"
    "  --patience N     seconds after which a hand that makes no step is stuck (120)\n"
    "  --stick HOW      a control: a hand is stuck: asleep or awake\n"
    "  --leak WHAT      a control: memory, descriptor, thread, batch or all, after each rest\n";

struct soak_options soak_options = {.hours = 1, .threads = 4, .patience = 120};

/* Whether a word is one of these, or not given. */
static bool is_one_of(const char *word, const char *const *words) {
  for (; word && *words; words++)
    if (!strcmp(word, *words)) return true;
  return !word;
}

_Noreturn static void refuse(void) {
  fputs(usage, stderr);
  exit(2);
}

static uint64_t whole(const char *text) {
  uint64_t value;
  if (!stress_whole_number(text, &value)) refuse();
  return value;
}

/* More than fits is too much. */
static unsigned small(const char *text) {
  uint64_t value = whole(text);
  return value < UINT_MAX ? (unsigned)value : UINT_MAX;
}

static double hours(const char *text) {
  double value;
  if (!stress_number(text, &value)) refuse();
  return value;
}

static void check_options(const char *const *scenes) {
  static const char *const leaks[] = {"memory", "descriptor", "thread", "batch", "all", NULL};
  static const char *const ways[] = {"asleep", "awake", NULL};
  if (soak_options.hours > 0 && soak_options.threads > 0 && soak_options.threads < WATCH_HANDS &&
      is_one_of(soak_options.leak, leaks) && is_one_of(soak_options.stick, ways) &&
      is_one_of(soak_options.only, scenes))
    return;
  refuse();
}

void soak_read_options(int argc, char **argv, const char *const *scenes) {
  static const struct option names[] = {
      {"threads", 1, NULL, 't'}, {"seed", 1, NULL, 's'},      {"csv", 1, NULL, 'c'},
      {"report", 1, NULL, 'r'},  {"command", 1, NULL, 'm'},   {"only", 1, NULL, 'o'},
      {"leak", 1, NULL, 'l'},    {"tokenizer", 1, NULL, 'z'}, {"patience", 1, NULL, 'p'},
      {"stick", 1, NULL, 'k'},   {"no-faults", 0, NULL, 'n'}, {"help", 0, NULL, 'h'},
      {NULL, 0, NULL, 0}};
  soak_options.seed = stress_clock();
  for (int c; (c = getopt_long(argc, argv, "h", names, NULL)) >= 0;) switch (c) {
    case 't':
      soak_options.threads = small(optarg);
      break;
    case 's':
      soak_options.seed = whole(optarg);
      break;
    case 'c':
      soak_options.csv = optarg;
      break;
    case 'r':
      soak_options.report = optarg;
      break;
    case 'm':
      soak_options.command = optarg;
      break;
    case 'o':
      soak_options.only = optarg;
      break;
    case 'z':
      soak_options.tokenizer = optarg;
      break;
    case 'p':
      soak_options.patience = small(optarg);
      break;
    case 'k':
      soak_options.stick = optarg;
      break;
    case 'l':
      soak_options.leak = optarg;
      break;
    case 'n':
      soak_options.no_faults = true;
      break;
    case 'h':
      fputs(usage, stdout);
      exit(0);
    default:
      refuse();
    }
  if (optind < argc) soak_options.hours = hours(argv[optind++]);
  if (optind < argc) refuse();
  check_options(scenes);
}
