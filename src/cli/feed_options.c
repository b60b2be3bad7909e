/* The arguments of headrace feed. */
#include <inttypes.h>

#include "feed.h"

static const char name[] = "feed";

static const char *const shuffles[] = {"all", "blocks", "none", NULL};
static const char *const packings[] = {"windows", "documents", "best-fit", NULL};
static const char *const faults[] = {"stop", "skip", "hand-on", NULL};
static const char *const ios[] = {"map", "read", NULL};

int feed_help(void) {
  printf(
      "Usage: headrace feed [OPTION...] FILE...\n\n"
      "Makes batches of FILEs as a trainer would get them, and prints how many, with a checksum over\n"
      "every element of input, target and mask. The checksums of all ranks, and of the parts of a run\n"
      "that was interrupted and resumed, add up (modulo 2^64) to that of the whole run.\n\n"
      "  --batch-size N        rows of a batch (32)\n"
      "  --sequence-length N   tokens of a row (1024)\n"
      "  --vocab-size N        ids must be below it (not checked)\n"
      "  --workers N           threads (1; those that tokenize text: as many as there are processors)\n"
      "  --pool N              batches there are (2 workers + 2)\n"
      "  --seed N              chooses the order (0)\n"
      "  --shuffle WHAT        all, blocks or none (all)\n"
      "  --pack HOW            rows are windows, documents or best-fit (windows)\n"
      "  --epochs N            times every row is visited (1)\n"
      "  --steps N             stop after so many batches\n"
      "  --rank N, --world N   this rank of so many (what Open MPI, Slurm or torchrun say, else 1)\n"
      "  --as-they-come        do not put batches in order (stopped and resumed, some come again)\n"
      "  --faults WHAT         stop at a bad batch, skip its bad rows, or hand it on: stop, skip, hand-on "
      "(stop)\n"
      "  --io HOW              map or read files (map)\n"
      "  --resume FILE         begin where FILE says\n"
      "  --state FILE          write where to resume, at the beginning and at the end\n"
      "  --quiet               no progress\n"
      "  --help\n\n"
      "SIGINT, SIGTERM and SIGHUP stop it after the batch at hand: it writes --state, prints what there was\n"
      "and ends by the signal.\n\n%s",
      data_options_help);
  return cli_finish_output(name);
}

enum {
  BATCH_SIZE = 1,
  SEQUENCE_LENGTH,
  VOCAB_SIZE,
  WORKERS,
  POOL,
  SEED,
  EPOCHS,
  STEPS,
  RANK,
  WORLD, /* numbers */
  SHUFFLE,
  PACK,
  FAULTS,
  IO,
  RESUME,
  STATE,
  AS_THEY_COME,
  QUIET,
  HELP
};

static const struct option options[] = {DATA_OPTIONS_LONG,
                                        {"batch-size", required_argument, NULL, BATCH_SIZE},
                                        {"sequence-length", required_argument, NULL, SEQUENCE_LENGTH},
                                        {"vocab-size", required_argument, NULL, VOCAB_SIZE},
                                        {"workers", required_argument, NULL, WORKERS},
                                        {"pool", required_argument, NULL, POOL},
                                        {"seed", required_argument, NULL, SEED},
                                        {"epochs", required_argument, NULL, EPOCHS},
                                        {"steps", required_argument, NULL, STEPS},
                                        {"rank", required_argument, NULL, RANK},
                                        {"world", required_argument, NULL, WORLD},
                                        {"shuffle", required_argument, NULL, SHUFFLE},
                                        {"pack", required_argument, NULL, PACK},
                                        {"faults", required_argument, NULL, FAULTS},
                                        {"io", required_argument, NULL, IO},
                                        {"resume", required_argument, NULL, RESUME},
                                        {"state", required_argument, NULL, STATE},
                                        {"as-they-come", no_argument, NULL, AS_THEY_COME},
                                        {"quiet", no_argument, NULL, QUIET},
                                        {"help", no_argument, NULL, HELP},
                                        {0}};

/* The name of an option, without its dashes. */
static const char *option_name(int option) {
  const struct option *o = options;
  while (o->name && o->val != option) o++;
  return o->name;
}

/* A number, where it goes (one of the two), and from what to what it makes sense. */
typedef struct number_option {
  uint32_t *small;
  uint64_t *large;
  uint64_t least, most;
} number_option;

static number_option number_of(batch_loader_options *o, int option) {
  const number_option numbers[] = {[BATCH_SIZE] = {&o->batch_size, NULL, 1, UINT32_MAX},
                                   [SEQUENCE_LENGTH] = {&o->sequence_length, NULL, 1, INT32_MAX},
                                   [VOCAB_SIZE] = {&o->vocab_size, NULL, 1, UINT64_C(1) << 31},
                                   [WORKERS] = {&o->workers, NULL, 1, 4096},
                                   [POOL] = {&o->pool_size, NULL, 1, BATCH_MAX_LIVE},
                                   [SEED] = {NULL, &o->seed, 0, UINT64_MAX},
                                   [EPOCHS] = {&o->epochs, NULL, 1, BATCH_LOADER_ENDLESS},
                                   [STEPS] = {NULL, &o->steps, 1, UINT64_MAX},
                                   [RANK] = {&o->rank, NULL, 0, UINT32_MAX - 1},
                                   [WORLD] = {&o->world, NULL, 1, UINT32_MAX}};
  return numbers[option];
}

static int take_number(feed_run *run, int option, const char *text) {
  number_option n = number_of(&run->loader, option);
  uint64_t value;
  if (!cli_number(text, &value) || value < n.least || value > n.most)
    return cli_usage_error(name, "--%s is %s, expected a whole number from %" PRIu64 " to %" PRIu64,
                           option_name(option), text, n.least, n.most);
  if (n.small)
    *n.small = (uint32_t)value;
  else
    *n.large = value;
  if (option == WORKERS) run->data.dataset.workers = (uint32_t)value;
  return CLI_OK;
}

static int take_word(feed_run *run, int option, const char *text) {
  const char *const *const lists[] = {shuffles, packings, faults, ios};
  int value, status = cli_take_word(name, option_name(option), text, lists[option - SHUFFLE], &value);
  switch (option) {
  case SHUFFLE:
    run->loader.shuffle = (batch_shuffle)value;
    break;
  case PACK:
    run->loader.packing = (batch_packing)value;
    break;
  case FAULTS:
    run->loader.faults = (batch_faults)value;
    break;
  default:
    run->data.dataset.io = (batch_io)value;
    break;
  }
  return status;
}

static int take(feed_run *run, int option, const char *text) {
  if (data_option_is(option)) return data_option_take(&run->data, name, option, text);
  if (option <= WORLD) return take_number(run, option, text);
  if (option <= IO) return take_word(run, option, text);
  switch (option) {
  case RESUME:
    run->resume = text;
    break;
  case STATE:
    run->state = text;
    break;
  case AS_THEY_COME:
    run->loader.as_they_come = true;
    break;
  case QUIET:
    run->quiet = true;
    break;
  default: /* --help or -h */
    run->help = true;
    break;
  }
  return CLI_OK;
}

#define NOT_SAID UINT32_MAX

/* Either alone would make every process of a launcher's rank 0, all with the same rows. */
static int check_rank(batch_loader_options *o) {
  bool said = o->rank != NOT_SAID;
  if (!said) o->rank = 0;
  if (said ? o->world == 0 : o->world > 1)
    return cli_usage_error(name, "--%s is given without --%s", said ? "rank" : "world",
                           said ? "world" : "rank");
  if (o->rank == 0 || o->rank < o->world) return CLI_OK;
  return cli_usage_error(name, "--rank is %u, expected below --world, which is %u", o->rank, o->world);
}

int feed_parse(int argc, char **argv, feed_run *run) {
  run->loader.rank = NOT_SAID;
  opterr = 0;
  for (int c, status; (c = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
    if (c == '?' || c == ':') return cli_bad_option(name, c, argv);
    if ((status = take(run, c, optarg)) != CLI_OK) return status;
  }
  if (run->help) return CLI_OK;
  int status = check_rank(&run->loader);
  if (status == CLI_OK)
    status = cli_check_files(name, (const char *const *)argv + optind, (size_t)(argc - optind));
  return status == CLI_OK ? data_options_settle(&run->data, name) : status;
}
