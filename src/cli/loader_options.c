#include "loader_options.h"

#include <inttypes.h>
#include <stddef.h>

const char loader_options_help[] =
    "Batches:\n"
    "  --batch-size N        rows of a batch (32)\n"
    "  --sequence-length N   tokens of a row (1024)\n"
    "  --pack HOW            rows are windows, documents or best-fit (windows)\n"
    "  --drop-last           leave out what would be padded: the last step, the last row of windows\n"
    "  --vocab-size N        ids must be below it (not checked)\n"
    "  --seed N              chooses the order (0)\n"
    "  --shuffle WHAT        all, blocks or none (all)\n"
    "  --block-rows N        of --shuffle blocks: rows of a block (4096)\n"
    "  --rank N, --world N   this rank of so many (what Open MPI, Slurm or torchrun say, else 1)\n"
    "  --resume FILE         begin where FILE says, a state that feed --state or a trainer has written\n"
    "  --faults WHAT         stop at a bad batch, skip its bad rows, or hand it on: stop, skip, hand-on "
    "(stop)\n"
    "  --workers N           threads (1; those that tokenize text: as many as there are processors)\n"
    "  --loss WHAT           of files of tokens: auto, what PATH.loss beside them says is not to be learnt, "
    "or none (auto)\n"
    "  --io HOW              map or read files (map)\n";

static const struct option options[] = {LOADER_OPTIONS_LONG, {0}};

static const char *name_of(int option) {
  const struct option *o = options;
  while (o->name && o->val != option) o++;
  return o->name;
}

/* A number: where it goes, and from what to what it makes sense. */
typedef struct number_option {
  size_t offset; /* in batch_loader_options */
  bool large;    /* 64 bits */
  uint64_t least, most;
} number_option;

#define SMALL(field) offsetof(batch_loader_options, field), false
#define LARGE(field) offsetof(batch_loader_options, field), true
static const number_option numbers[] = {
    [LOADER_BATCH_SIZE - LOADER_BATCH_SIZE] = {SMALL(batch_size), 1, UINT32_MAX},
    [LOADER_SEQUENCE_LENGTH - LOADER_BATCH_SIZE] = {SMALL(sequence_length), 1, INT32_MAX},
    [LOADER_VOCAB_SIZE - LOADER_BATCH_SIZE] = {SMALL(vocab_size), 1, UINT64_C(1) << 31},
    [LOADER_WORKERS - LOADER_BATCH_SIZE] = {SMALL(workers), 1, 4096},
    [LOADER_SEED - LOADER_BATCH_SIZE] = {LARGE(seed), 0, UINT64_MAX},
    [LOADER_BLOCK_ROWS - LOADER_BATCH_SIZE] = {LARGE(block_rows), 1, UINT64_MAX},
    [LOADER_RANK - LOADER_BATCH_SIZE] = {SMALL(rank), 0, UINT32_MAX - 1},
    [LOADER_WORLD - LOADER_BATCH_SIZE] = {SMALL(world), 1, UINT32_MAX},
};

static int take_number(loader_options *o, const char *command, int option, const char *text) {
  const number_option *n = &numbers[option - LOADER_BATCH_SIZE];
  uint64_t value;
  void *field = (char *)&o->loader + n->offset;
  if (!cli_number(text, &value) || value < n->least || value > n->most)
    return cli_usage_error(command, "--%s is %s, expected a whole number from %" PRIu64 " to %" PRIu64,
                           name_of(option), text, n->least, n->most);
  if (n->large)
    *(uint64_t *)field = value;
  else
    *(uint32_t *)field = (uint32_t)value;
  return CLI_OK;
}

static const char *const shuffles[] = {"all", "blocks", "none", NULL};
static const char *const packings[] = {"windows", "documents", "best-fit", NULL};
static const char *const faults[] = {"stop", "skip", "hand-on", NULL};
static const char *const ios[] = {"map", "read", NULL};
static const char *const losses[] = {"auto", "none", NULL};

static int take_word(loader_options *o, batch_dataset_options *dataset, const char *command, int option,
                     const char *text) {
  const char *const *const lists[] = {shuffles, packings, faults, ios, losses};
  int value, status = cli_take_word(command, name_of(option), text, lists[option - LOADER_SHUFFLE], &value);
  switch (option) {
  case LOADER_SHUFFLE:
    o->loader.shuffle = (batch_shuffle)value;
    break;
  case LOADER_PACK:
    o->loader.packing = (batch_packing)value;
    break;
  case LOADER_FAULTS:
    o->loader.faults = (batch_faults)value;
    break;
  case LOADER_IO:
    dataset->io = (batch_io)value;
    break;
  default:
    dataset->loss = (batch_loss)value;
    break;
  }
  return status;
}

int loader_option_take(loader_options *o, batch_dataset_options *dataset, const char *command, int answer,
                       const char *argument) {
  int status = CLI_OK;
  o->given |= UINT32_C(1) << (answer - LOADER_BATCH_SIZE);
  if (answer < LOADER_SHUFFLE) {
    status = take_number(o, command, answer, argument);
    if (answer == LOADER_WORKERS) dataset->workers = o->loader.workers;
    return status;
  }
  switch (answer) {
  case LOADER_DROP_LAST:
    o->loader.drop_last = true;
    break;
  case LOADER_RESUME:
    o->resume = argument;
    break;
  default:
    status = take_word(o, dataset, command, answer, argument);
  }
  return status;
}

static bool is_given(const loader_options *o, int option) {
  return o->given >> (option - LOADER_BATCH_SIZE) & 1;
}

/* Either alone would make every process of a launcher's rank 0, all with the same rows. A rank that the environment says
   is said: a shell that a launcher has left its variables in would get a part of the data without a word. */
static int settle_rank(loader_options *o, const char *command) {
  batch_loader_options *l = &o->loader;
  bool said = is_given(o, LOADER_RANK);
  if (said ? l->world == 0 : l->world > 1)
    return cli_usage_error(command, "--%s is given without --%s", said ? "rank" : "world",
                           said ? "world" : "rank");
  if (l->rank > 0 && l->rank >= l->world)
    return cli_usage_error(command, "--rank is %u, expected below --world, which is %u", l->rank, l->world);
  if (l->world > 0) return CLI_OK;
  if (!batch_launcher_rank(&l->rank, &l->world)) return cli_library_error(command);
  if (l->world > 1)
    fprintf(stderr, "headrace %s: rank %u of %u, as the launcher's environment says (--world 1: all)\n",
            command, l->rank, l->world);
  return CLI_OK;
}

int loader_options_settle(loader_options *o, const char *command) {
  batch_loader_options *l = &o->loader;
  if (l->batch_size == 0) l->batch_size = 32;
  if (l->sequence_length == 0) l->sequence_length = 1024;
  if (is_given(o, LOADER_BLOCK_ROWS) && l->shuffle != BATCH_SHUFFLE_BLOCKS)
    return cli_usage_error(command, "--block-rows is for --shuffle blocks");
  int status = settle_rank(o, command);
  if (status != CLI_OK || !o->resume) return status;
  if (!batch_loader_state_load(&o->state, o->resume)) return cli_library_error(command);
  l->resume = &o->state;
  return CLI_OK;
}
