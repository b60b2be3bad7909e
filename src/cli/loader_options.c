#include "loader_options.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

const char loader_options_help[] =
    "Batches:\n"
    "  --batch-size N        rows of a batch (32)\n"
    "  --sequence-length N   tokens of a row (1024)\n"
    "  --pack HOW            windows of the stream, documents, best-fit (several\n"
    "                        whole documents a row) or bos-aligned (best-fit, rows\n"
    "                        begin where a document does) (windows)\n"
    "  --pack-window N       of the last two: documents that are packed together\n"
    "                        (64Ki)\n"
    "  --drop-last           leave out what would be padded: the last step, the last\n"
    "                        row of windows\n"
    "  --vocab-size N        ids must be below it (not checked)\n"
    "  --seed N              chooses the order (0)\n"
    "  --shuffle WHAT        all, blocks or none (all)\n"
    "  --block-rows N        of --shuffle blocks: rows of a block (4096)\n"
    "  --rank N, --world N   this rank of so many (what Open MPI, Slurm or torchrun\n"
    "                        say, else 1)\n"
    "  --skip [EPOCH:]A-B    leave out the rows at places A to B of an epoch (0), or\n"
    "                        the one at A. Places are those that headrace show\n"
    "                        prints. May be given again\n"
    "  --resume FILE         begin where FILE says, a state that feed --state or a\n"
    "                        trainer has written\n"
    "  --faults WHAT         stop at a bad batch, skip its bad rows, or hand it on:\n"
    "                        stop, skip, hand-on (stop)\n"
    "  --workers N           threads (1; those that tokenize text: as many as there\n"
    "                        are processors)\n"
    "  --cu-seqlens          make the starts of the sequences, for attention kernels\n"
    "                        of variable lengths\n"
    "  --max-sequences N     room for so many of them (as many as positions)\n"
    "  --context-rank N, --context-world N\n"
    "                        this part of each row, of so many, for context parallel\n"
    "                        ranks\n"
    "  --context-documents   cut each document so, padded for that, and not each row\n"
    "  --no-loss-across      mask targets that are the first token of another\n"
    "                        document\n"
    "  --ignore-masked       where the mask is 0 the target is -100\n"
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
    [0] = {SMALL(batch_size), 1, UINT32_MAX},
    [LOADER_SEQUENCE_LENGTH - LOADER_BATCH_SIZE] = {SMALL(sequence_length), 1, INT32_MAX},
    [LOADER_VOCAB_SIZE - LOADER_BATCH_SIZE] = {SMALL(vocab_size), 1, UINT64_C(1) << 31},
    [LOADER_WORKERS - LOADER_BATCH_SIZE] = {SMALL(workers), 1, 4096},
    [LOADER_SEED - LOADER_BATCH_SIZE] = {LARGE(seed), 0, UINT64_MAX},
    [LOADER_BLOCK_ROWS - LOADER_BATCH_SIZE] = {LARGE(block_rows), 1, UINT64_MAX},
    [LOADER_RANK - LOADER_BATCH_SIZE] = {SMALL(rank), 0, UINT32_MAX - 1},
    [LOADER_WORLD - LOADER_BATCH_SIZE] = {SMALL(world), 1, UINT32_MAX},
    [LOADER_PACK_WINDOW - LOADER_BATCH_SIZE] = {SMALL(pack_window), 1, UINT64_C(1) << 30},
    [LOADER_MAX_SEQUENCES - LOADER_BATCH_SIZE] = {SMALL(max_sequences), 1, UINT32_MAX},
    [LOADER_CONTEXT_RANK - LOADER_BATCH_SIZE] = {SMALL(context_rank), 0, UINT32_MAX - 1},
    [LOADER_CONTEXT_WORLD - LOADER_BATCH_SIZE] = {SMALL(context_world), 1, UINT32_MAX},
};

static int take_number(loader_options *o, const char *command, int option, const char *text) {
  const number_option *n = &numbers[option - LOADER_BATCH_SIZE];
  uint64_t value;
  void *field = (char *)&o->loader + n->offset;
  int status = cli_take_number(command, name_of(option), text, n->least, n->most, &value);
  if (status != CLI_OK) return status;
  if (n->large)
    *(uint64_t *)field = value;
  else
    *(uint32_t *)field = (uint32_t)value;
  return CLI_OK;
}

static const char *const shuffles[] = {"all", "blocks", "none", NULL};
static const char *const packings[] = {"windows", "documents", "best-fit", "bos-aligned", NULL};
static const char *const faults[] = {"stop", "skip", "hand-on", NULL};
static const char *const ios[] = {"map", "read", NULL};

static int take_word(loader_options *o, batch_dataset_options *dataset, const char *command, int option,
                     const char *text) {
  const char *const *const lists[] = {shuffles, packings, faults, ios};
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
  default:
    dataset->io = (batch_io)value;
    break;
  }
  return status;
}

static void take_flag(batch_loader_options *o, int option) {
  bool *const flags[] = {&o->drop_last, &o->with_cu_seqlens, &o->no_loss_across, &o->ignore_masked,
                         &o->context_documents};
  *flags[option - LOADER_DROP_LAST] = true;
}

/* [EPOCH:]A-B or [EPOCH:]A, both included. */
static bool read_skip(const char *text, batch_loader_skip *skip) {
  char part[32];
  uint64_t last;
  size_t length = strcspn(text, ":");
  skip->epoch = 0;
  if (text[length] == ':') {
    snprintf(part, sizeof part, "%.*s", (int)length, text);
    if (length >= sizeof part || !cli_number(part, &skip->epoch)) return false;
    text += length + 1;
  }
  length = strcspn(text, "-");
  snprintf(part, sizeof part, "%.*s", (int)length, text);
  if (length >= sizeof part || !cli_number(part, &skip->first)) return false;
  if (!cli_number(text[length] ? text + length + 1 : part, &last) || last < skip->first || last == UINT64_MAX)
    return false;
  skip->count = last - skip->first + 1;
  return true;
}

static int take_skip(loader_options *o, const char *command, const char *text) {
  size_t count = o->loader.num_skips;
  batch_loader_skip skip, *grown = realloc(o->skips, (count + 1) * sizeof *grown);
  if (!grown) return cli_error(command, "no memory for --skip %s", text);
  o->loader.skips = o->skips = grown;
  if (!read_skip(text, &skip) || skip.epoch >= BATCH_LOADER_ENDLESS)
    return cli_usage_error(
        command, "--skip is %s, expected rows from A to B such as 4096-4127, of epoch 2 2:4096-4127", text);
  grown[o->loader.num_skips++] = skip;
  return CLI_OK;
}

int loader_option_take(loader_options *o, batch_dataset_options *dataset, const char *command, int answer,
                       const char *argument) {
  int status = CLI_OK;
  o->given |= UINT32_C(1) << (answer - LOADER_BATCH_SIZE);
  if (answer < LOADER_SHUFFLE) {
    status = take_number(o, command, answer, argument);
    if (answer == LOADER_WORKERS) dataset->workers = o->loader.workers;
  } else if (answer < LOADER_DROP_LAST) {
    status = take_word(o, dataset, command, answer, argument);
  } else if (answer < LOADER_RESUME) {
    take_flag(&o->loader, answer);
  } else if (answer == LOADER_SKIP) {
    status = take_skip(o, command, argument);
  } else {
    o->resume = argument;
  }
  return status;
}

static bool is_given(const loader_options *o, int option) {
  return o->given >> (option - LOADER_BATCH_SIZE) & 1;
}

/* Either alone would make every process of a launcher's rank 0, all with the same rows. */
static int check_rank(const loader_options *o, const char *command, int rank_option, uint32_t rank,
                      uint32_t world) {
  const char *rank_name = name_of(rank_option), *world_name = name_of(rank_option + 1);
  bool said = is_given(o, rank_option);
  if (said ? world == 0 : world > 1)
    return cli_usage_error(command, "--%s is given without --%s", said ? rank_name : world_name,
                           said ? world_name : rank_name);
  if (rank == 0 || rank < world) return CLI_OK;
  return cli_usage_error(command, "--%s is %u, expected below --%s, which is %u", rank_name, rank, world_name,
                         world);
}

/* A rank that the environment says is said: a shell that a launcher has left its variables in would get a part of the
   data without a word. */
static int settle_rank(loader_options *o, const char *command) {
  batch_loader_options *l = &o->loader;
  int status = check_rank(o, command, LOADER_RANK, l->rank, l->world);
  if (status == CLI_OK)
    status = check_rank(o, command, LOADER_CONTEXT_RANK, l->context_rank, l->context_world);
  if (status != CLI_OK || l->world > 0) return status;
  if (!batch_launcher_rank(&l->rank, &l->world)) return cli_library_error(command);
  if (l->world > 1)
    fprintf(stderr, "headrace %s: rank %u of %u, as the launcher's environment says (--world 1: all)\n",
            command, l->rank, l->world);
  return CLI_OK;
}

/* Options that are of no use without another. */
static int check_uses(const loader_options *o, const char *command) {
  const batch_loader_options *l = &o->loader;
  const struct {
    int option;
    bool used;
    const char *with;
  } uses[] = {
      {LOADER_BLOCK_ROWS, l->shuffle == BATCH_SHUFFLE_BLOCKS, "--shuffle blocks"},
      {LOADER_PACK_WINDOW, l->packing >= BATCH_PACK_BEST_FIT, "--pack best-fit and bos-aligned"},
      {LOADER_MAX_SEQUENCES, l->with_cu_seqlens, "--cu-seqlens"},
      {LOADER_CONTEXT_DOCUMENTS, l->packing != BATCH_PACK_WINDOWS, "rows of whole documents (--pack)"}};
  for (size_t i = 0; i < sizeof uses / sizeof *uses; i++)
    if (is_given(o, uses[i].option) && !uses[i].used)
      return cli_usage_error(command, "--%s is for %s", name_of(uses[i].option), uses[i].with);
  return CLI_OK;
}

int loader_options_settle(loader_options *o, const char *command) {
  batch_loader_options *l = &o->loader;
  if (l->batch_size == 0) l->batch_size = 32;
  if (l->sequence_length == 0) l->sequence_length = 1024;
  int status = check_uses(o, command);
  if (status == CLI_OK) status = settle_rank(o, command);
  if (status != CLI_OK || !o->resume) return status;
  if (!batch_loader_state_load(&o->state, o->resume)) return cli_library_error(command);
  l->resume = &o->state;
  return CLI_OK;
}

void loader_options_free(loader_options *o) {
  free(o->skips);
  o->skips = NULL;
  o->loader.skips = NULL;
}
