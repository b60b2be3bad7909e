/* Writes the batches of loaders as raw arrays, for batches.py to compare.

   usage: batches NAME=VALUE... -- WEIGHT:FILE[,FILE]...     or, with memory=1, WEIGHT:PATH...
   A name is a field of batch_loader_options, its value a number, or one of these:
     ranks=1           all ranks of the world, one after the other
     take=N            so many batches of each rank
     skip=EPOCH:FIRST:COUNT       once for each
     dropout=PROBABILITY:ID       a transform, once for each
     state=FILE        the state after the last batch
     states=PREFIX     the state before and after each batch as PREFIX.0, PREFIX.1, ...
     resume=FILE       goes on from a state
     fraction=F        validation_fraction of the datasets; subset=N, subset_seed=N
     io=N, memory=1    how files are read; or that datasets are made of what PATH.tokens, .ends and .loss hold
   Standard output, in this machine's byte order: for each batch a batch_record, the places of its rows and the elements of
   its tensors; for each rank an end_record. Ends with 1 when a call fails, or a step made again is another. */
#include <headrace/headrace.h>

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };

typedef struct batch_record {
  uint32_t kind; /* 1 */
  uint32_t rank, epoch, step, rows, columns, num_sequences, max_seqlen;
} batch_record;

typedef struct end_record {
  uint32_t kind; /* 2 */
  uint32_t rank;
  uint64_t epoch_rows, batches, tokens, masked, padding, cropped;
} end_record;

typedef struct run {
  batch_loader_options options;
  batch_dataset_options dataset;
  batch_loader_source sources[MOST];
  size_t num_sources;
  batch_loader_skip skips[MOST];
  batch_transform transforms[MOST];
  batch_dropout_options dropouts[MOST];
  uint64_t ranks, take, memory;
  const char *state, *states, *resume;
} run;

typedef struct field {
  const char *name;
  size_t offset, bytes;
} field;

#define OF(name)                                                                                             \
  { #name, offsetof(run, options.name), sizeof(((run *)NULL)->options.name) }
#define AS(name, at)                                                                                         \
  { #name, offsetof(run, at), sizeof(((run *)NULL)->at) }

static const field fields[] = {OF(batch_size),
                               OF(sequence_length),
                               OF(vocab_size),
                               OF(id_type),
                               OF(mask_type),
                               OF(with_documents),
                               OF(workers),
                               OF(pool_size),
                               OF(seed),
                               OF(shuffle),
                               OF(block_rows),
                               OF(packing),
                               OF(pad_id),
                               OF(epochs),
                               OF(steps),
                               OF(drop_last),
                               OF(rank),
                               OF(world),
                               OF(as_they_come),
                               OF(with_cu_seqlens),
                               OF(ignore_masked),
                               OF(no_loss_across),
                               OF(context_documents),
                               OF(max_sequences),
                               OF(context_rank),
                               OF(context_world),
                               OF(pack_window),
                               AS(io, dataset.io),
                               AS(ranks, ranks),
                               AS(take, take),
                               AS(memory, memory),
                               AS(subset, dataset.subset),
                               AS(subset_seed, dataset.subset_seed)};

static void fail(const char *what) {
  fprintf(stderr, "batches: %s: %s\n", what, batch_last_error()->message);
  exit(1);
}

static void usage(const char *word) {
  fprintf(stderr, "batches: '%s', expected NAME=VALUE... -- WEIGHT:FILE[,FILE]...\n", word);
  exit(2);
}

/* The value of a word NAME=VALUE of this name, or NULL. */
static const char *value_of(const char *word, const char *name) {
  size_t length = strlen(name);
  return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1 : NULL;
}

static bool read_skip(run *r, const char *value) {
  batch_loader_skip *skip = &r->skips[r->options.num_skips++];
  unsigned long long epoch, first, count;
  bool good = sscanf(value, "%llu:%llu:%llu", &epoch, &first, &count) == 3;
  *skip = (batch_loader_skip){epoch, first, count};
  r->options.skips = r->skips;
  return good;
}

static bool read_dropout(run *r, const char *value) {
  batch_dropout_options *o = &r->dropouts[r->options.num_transforms];
  *o = (batch_dropout_options)BATCH_DROPOUT_OPTIONS_INIT;
  bool good = sscanf(value, "%f:%d", &o->probability, &o->drop_id) == 2;
  r->transforms[r->options.num_transforms++] = batch_transform_dropout(o);
  r->options.transforms = r->transforms;
  return good;
}

/* Little-endian machines only, as the files are. */
static bool read_field(run *r, const char *word) {
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
    const char *value = value_of(word, fields[i].name);
    if (!value) continue;
    uint64_t number = strtoull(value, NULL, 10);
    memcpy((char *)r + fields[i].offset, &number, fields[i].bytes);
    return true;
  }
  return false;
}

static bool read_option(run *r, const char *word) {
  const char *value;
  if ((value = value_of(word, "state"))) {
    r->state = value;
    return true;
  }
  if ((value = value_of(word, "states"))) {
    r->states = value;
    return true;
  }
  if ((value = value_of(word, "resume"))) {
    r->resume = value;
    return true;
  }
  if ((value = value_of(word, "skip"))) return read_skip(r, value);
  if ((value = value_of(word, "dropout"))) return read_dropout(r, value);
  if ((value = value_of(word, "fraction"))) return sscanf(value, "%lf", &r->dataset.validation_fraction) == 1;
  return read_field(r, word);
}

static void *held[3 * MOST]; /* what datasets have borrowed, up to the end */
static size_t num_held;

static void *read_file(const char *path, const char *ending, size_t *bytes) {
  char name[4096];
  snprintf(name, sizeof name, "%s%s", path, ending);
  FILE *file = fopen(name, "rb");
  if (!file) return NULL;
  if (fseek(file, 0, SEEK_END) != 0) exit(1);
  *bytes = (size_t)ftell(file);
  rewind(file);
  void *all = held[num_held++] = malloc(*bytes + 1);
  if (!all || fread(all, 1, *bytes, file) != *bytes) exit(1);
  fclose(file);
  return all;
}

/* PATH.tokens of uint16, and if they are there PATH.ends, PATH.loss. */
static BatchDataset *from_memory(const run *r, const char *path) {
  size_t tokens = 0, ends = 0, loss = 0;
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.token_type = BATCH_TOKEN_U16;
  memory.tokens = read_file(path, ".tokens", &tokens);
  memory.count = tokens / sizeof(uint16_t);
  memory.document_ends = read_file(path, ".ends", &ends);
  memory.documents = ends / sizeof(uint64_t);
  memory.loss = read_file(path, ".loss", &loss);
  return batch_dataset_from_memory(&memory, &r->dataset);
}

static BatchDataset *open_files(const run *r, char *list) {
  const char *paths[MOST];
  size_t n = 0;
  if (r->memory) return from_memory(r, list);
  char *rest;
  for (char *path = strtok_r(list, ",", &rest); path && n < MOST; path = strtok_r(NULL, ",", &rest))
    paths[n++] = path;
  return batch_dataset_open(paths, n, &r->dataset);
}

static void open_source(run *r, char *word) {
  char *files = strchr(word, ':');
  if (!files || r->num_sources == MOST) usage(word);
  batch_loader_source *s = &r->sources[r->num_sources++];
  s->weight = strtod(word, NULL);
  s->dataset = open_files(r, files + 1);
  if (!s->dataset) fail("dataset");
}

static void put(const void *from, size_t bytes) {
  if (bytes > 0 && fwrite(from, 1, bytes, stdout) != bytes) exit(1);
}

static size_t bytes_of(const Tensor *tensor) {
  return tensor->ndim > 0 ? tensor->total_size * tensor_type_size(tensor->dtype) : 0;
}

static bool equal_tensors(const Tensor *a, const Tensor *b) {
  return bytes_of(a) == bytes_of(b) && (bytes_of(a) == 0 || memcmp(a->raw, b->raw, bytes_of(a)) == 0);
}

static const Tensor *tensor_of(const Batch *b, int nth) {
  const Tensor *all[] = {&b->input, &b->target, &b->mask, &b->documents, &b->positions, &b->cu_seqlens};
  return all[nth];
}

enum { TENSORS = 6 };

/* A step made again is the same. */
static void check_replay(BatchLoader *loader, const Batch *batch, const uint64_t *places) {
  Batch *again = batch_loader_replay(loader, batch->epoch_id, batch->batch_id);
  uint64_t *found = calloc(batch->batch_size, sizeof *found);
  if (!again || !batch_loader_places(loader, again, found)) fail("replay");
  bool equal = again->num_sequences == batch->num_sequences && again->max_seqlen == batch->max_seqlen &&
               memcmp(found, places, batch->batch_size * sizeof *found) == 0;
  for (int i = 0; i < TENSORS; i++) equal &= equal_tensors(tensor_of(again, i), tensor_of(batch, i));
  if (!equal) {
    fprintf(stderr, "batches: step %u of epoch %u made again is another\n", (unsigned)batch->batch_id,
            batch->epoch_id);
    exit(1);
  }
  free(found);
  batch_free(again);
}

static void put_batch(const run *r, BatchLoader *loader, const Batch *batch) {
  uint64_t *places = calloc(batch->batch_size, sizeof *places);
  if (!batch_loader_places(loader, batch, places)) fail("places");
  put(&(batch_record){1, r->options.rank, batch->epoch_id, (uint32_t)batch->batch_id, batch->batch_size,
                      batch->sequence_length, batch->num_sequences, batch->max_seqlen},
      sizeof(batch_record));
  put(places, batch->batch_size * sizeof *places);
  for (int i = 0; i < TENSORS; i++) put(tensor_of(batch, i)->raw, bytes_of(tensor_of(batch, i)));
  check_replay(loader, batch, places);
  free(places);
}

static void save_state(BatchLoader *loader, const char *path) {
  batch_loader_state state;
  if (!batch_loader_get_state(loader, &state) || !batch_loader_state_save(&state, path)) fail("state");
}

static void save_numbered(const run *r, BatchLoader *loader, uint64_t number) {
  char path[4096];
  snprintf(path, sizeof path, "%s.%llu", r->states, (unsigned long long)number);
  save_state(loader, path);
}

static void run_rank(run *r) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  BatchLoader *loader = batch_loader_create_mixed(r->sources, r->num_sources, &r->options);
  if (!loader) fail("loader");
  if (r->states) save_numbered(r, loader, 0);
  for (uint64_t taken = 0; taken < r->take; taken++) {
    Batch *batch = batch_loader_next(loader);
    if (!batch && batch_last_error()->code != BATCH_END) fail("next");
    if (!batch) break;
    put_batch(r, loader, batch);
    batch_release(batch);
    if (r->states) save_numbered(r, loader, taken + 1);
  }
  if (r->state) save_state(loader, r->state);
  if (!batch_loader_get_stats(loader, &stats)) fail("stats");
  put(&(end_record){2, r->options.rank, batch_loader_epoch_rows(loader), stats.batches, stats.tokens,
                    stats.masked, stats.padding, stats.cropped},
      sizeof(end_record));
  batch_loader_free(loader);
}

int main(int argc, char **argv) {
  static run r = {
      .options = BATCH_LOADER_OPTIONS_INIT, .dataset = BATCH_DATASET_OPTIONS_INIT, .take = UINT64_MAX};
  static batch_loader_state state;
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--") != 0; i++)
    if (!read_option(&r, argv[i])) usage(argv[i]);
  for (i++; i < argc; i++) open_source(&r, argv[i]);
  if (r.num_sources == 0) usage("no sources");
  if (r.resume && !batch_loader_state_load(&state, r.resume)) fail("state");
  if (r.resume) r.options.resume = &state;
  uint32_t first = r.ranks ? 0 : r.options.rank, end = r.ranks ? r.options.world : first + 1;
  for (r.options.rank = first; r.options.rank < end; r.options.rank++) run_rank(&r);
  for (size_t s = 0; s < r.num_sources; s++)
    batch_dataset_free((BatchDataset *)(uintptr_t)r.sources[s].dataset);
  return 0;
}
