#include "soak/data.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mix.h"
#include "support/stress.h"

/* The text is of more than one piece, so that several threads tokenize it. */
enum { TOKENS = 9001, TEXT = 400000, TEXT_OF_PLAN = 24000, LENGTH = 32, MOST_DOCUMENTS = TOKENS };

static char base[160];
static char text[TEXT];
static BatchDataset *plain, *array, *documents, *bytes, *part;
static soak_plan plans[16];
static unsigned num_plans;
static batch_mask_options masking = {
    .size = sizeof masking, .probability = 0.2f, .mask_id = 7, .vocab_size = 60000};
static batch_dropout_options dropping = {.size = sizeof dropping, .probability = 0.1f, .drop_id = 3};
static batch_transform transforms[2];

uint16_t data_token(uint64_t i) {
  return (uint16_t)(i * 31 % 60000);
}

const char *data_text(size_t *count) {
  *count = TEXT;
  return text;
}

const char *data_path(const char *name) {
  static _Thread_local char paths[4][200];
  static _Thread_local unsigned next;
  char *path = paths[next++ % 4];
  snprintf(path, sizeof paths[0], "%s/%s", base, name);
  return path;
}

soak_plan *data_plans(void) {
  return plans;
}

unsigned data_num_plans(void) {
  return num_plans;
}

static void write_file(const char *name, const void *data, size_t count) {
  FILE *file = fopen(data_path(name), "w");
  bool written = file && fwrite(data, 1, count, file) == count;
  stress_check(file && fclose(file) == 0 && written, "%s cannot be written", data_path(name));
}

static BatchDataset *open_file(const char *name, const batch_dataset_options *options) {
  BatchDataset *dataset = batch_dataset_open(&(const char *){data_path(name)}, 1, options);
  stress_check(dataset, "%s", batch_last_error()->message);
  return dataset;
}

/* Lines of words, one a document in .jsonl. */
static void make_text(void) {
  uint64_t random = 3;
  for (size_t i = 0; i < TEXT; i++) text[i] = (char)('a' + mix64_next(&random) % 26);
  for (size_t i = 5; i < TEXT; i += 3 + mix64_next(&random) % 9) text[i] = i % 7 ? ' ' : '\n';
  text[TEXT - 1] = '\n';
}

static void write_jsonl(void) {
  FILE *file = fopen(data_path("t.jsonl"), "w");
  stress_check(file, "%s cannot be written", data_path("t.jsonl"));
  for (const char *line = text, *end; (end = memchr(line, '\n', (size_t)(text + TEXT - line)));
       line = end + 1)
    fprintf(file, "{\"text\": \"%.*s\"}\n", (int)(end - line), line);
  stress_check(fclose(file) == 0, "%s cannot be written", data_path("t.jsonl"));
}

static void write_files(void) {
  static const unsigned char magic[10] = {0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, 118, 0};
  static uint16_t tokens[TOKENS];
  static uint64_t ends[MOST_DOCUMENTS];
  static unsigned char header[128];
  static unsigned char npy[sizeof header + sizeof tokens];
  uint64_t random = 5, count = 0;
  for (uint32_t i = 0; i < TOKENS; i++) tokens[i] = data_token(i);
  for (uint64_t end = 0; end < TOKENS; count++) {
    end += mix64_next(&random) % 40;
    ends[count] = end = end < TOKENS ? end : TOKENS;
  }
  write_file("a.bin", tokens, sizeof tokens);
  write_file("d.ds", tokens, sizeof tokens);
  write_file("d.ds.index", ends, count * sizeof *ends);
  memset(header, ' ', sizeof header);
  memcpy(header, magic, sizeof magic);
  int length = snprintf((char *)header + 10, 118,
                        "{'descr': '<u2', 'fortran_order': False, 'shape': (%d,), }", TOKENS);
  header[10 + length] = ' ', header[127] = '\n';
  memcpy(npy, header, sizeof header);
  memcpy(npy + sizeof header, tokens, sizeof tokens);
  write_file("n.npy", npy, sizeof npy);
  write_file("t.txt", text, TEXT);
  write_file("b.txt", text, TEXT_OF_PLAN);
  write_jsonl();
}

uint64_t batch_hash(const Batch *batch) {
  uint64_t hash = mix64_with(mix64_with(batch->epoch_id, batch->batch_id), batch->num_sequences);
  const Tensor *all[] = {&batch->input,     &batch->target,    &batch->mask,
                         &batch->documents, &batch->positions, &batch->cu_seqlens};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (all[i]->raw && all[i]->ndim)
      hash = mix64_bytes(hash, all[i]->raw, all[i]->total_size * tensor_type_size(all[i]->dtype));
  return hash;
}

void plan_check(const soak_plan *plan, const Batch *batch) {
  if (batch->status != BATCH_OK || batch->epoch_id >= PLAN_EPOCHS ||
      batch->batch_id >= plan->steps[batch->epoch_id])
    stress_fail("%s: a batch that there is not: epoch %u, step %" PRIu64 ", status %d", plan->name,
                batch->epoch_id, batch->batch_id, batch->status);
  if (batch_hash(batch) != plan->hashes[batch->epoch_id][batch->batch_id])
    stress_fail("%s: epoch %u, step %" PRIu64 " is not what the reference has", plan->name, batch->epoch_id,
                batch->batch_id);
}

BatchLoader *plan_loader(const soak_plan *plan, const batch_loader_options *options) {
  return plan->num_sources == 1 ? batch_loader_create(plan->sources[0].dataset, options)
                                : batch_loader_create_mixed(plan->sources, plan->num_sources, options);
}

/* Rows of whole windows: the file is a sequence in which a token tells its place. Each row of an epoch once. */
static void look_through(const soak_plan *plan, const Batch *batch, uint8_t *seen) {
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    const int32_t *in = batch->input.i32 + (size_t)row * LENGTH,
                  *out = batch->target.i32 + (size_t)row * LENGTH;
    uint64_t start = 0;
    if (batch->mask.data[row * LENGTH] == 0.0f) continue; /* padding */
    while (start < TOKENS && data_token(start) != in[0]) start += LENGTH;
    stress_check(start < TOKENS && !seen[start / LENGTH]++, "%s: a row that there is not, or twice",
                 plan->name);
    for (uint32_t i = 0; i < LENGTH && start + i + 1 < TOKENS; i++)
      stress_check(in[i] == data_token(start + i) && out[i] == data_token(start + i + 1),
                   "%s: token %" PRIu64, plan->name, start + i);
  }
}

static void make_reference(soak_plan *plan) {
  batch_loader_options o = plan->options;
  uint8_t seen[PLAN_EPOCHS][TOKENS / LENGTH + 1] = {{0}};
  bool is_plain =
      plan->num_sources == 1 && plan->sources[0].dataset == plain && !o.num_transforms && !o.context_world;
  o.workers = 1;
  BatchLoader *loader = plan_loader(plan, &o);
  stress_check(loader, "%s: %s", plan->name, batch_last_error()->message);
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch)) {
    stress_check(batch->epoch_id < PLAN_EPOCHS && batch->batch_id < PLAN_MOST_STEPS, "%s: too many",
                 plan->name);
    plan->hashes[batch->epoch_id][batch->batch_id] = batch_hash(batch);
    plan->steps[batch->epoch_id] = batch->batch_id + 1;
    if (is_plain) look_through(plan, batch, seen[batch->epoch_id]);
  }
  stress_check(batch_last_error()->code == BATCH_END, "%s: %s", plan->name, batch_last_error()->message);
  for (unsigned e = 0; is_plain && e < PLAN_EPOCHS; e++)
    stress_check(!memchr(seen[e], 0, (TOKENS - 2) / LENGTH + 1), "%s: epoch %u lacks a row", plan->name, e);
  batch_loader_free(loader);
}

/* States as a run that is stopped there has them. */
static void make_states(soak_plan *plan) {
  batch_loader_options o = plan->options;
  uint64_t all = 0, taken = 0;
  for (unsigned e = 0; e < PLAN_EPOCHS; e++) all += plan->steps[e];
  BatchLoader *loader = plan_loader(plan, &o);
  stress_check(loader, "%s: %s", plan->name, batch_last_error()->message);
  for (unsigned i = 0; i < PLAN_STATES; i++) {
    for (; taken < all * i / PLAN_STATES; taken++) batch_release(batch_loader_next(loader));
    stress_check(batch_loader_get_state(loader, &plan->states[i]), "%s: %s", plan->name,
                 batch_last_error()->message);
  }
  batch_loader_free(loader);
}

static batch_loader_options options_of(uint32_t batch_size, uint32_t length, batch_packing packing) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = batch_size;
  o.sequence_length = length;
  o.vocab_size = 60000;
  o.epochs = PLAN_EPOCHS;
  o.packing = packing;
  o.seed = 11 + num_plans;
  o.world = 1;
  o.pack_window = 100;
  return o;
}

static soak_plan *add(const char *name, const BatchDataset *dataset, batch_loader_options o) {
  soak_plan *plan = &plans[num_plans++];
  plan->name = name;
  plan->options = o;
  plan->sources[0].dataset = dataset;
  plan->num_sources = 1;
  return plan;
}

static void add_plans(void) {
  batch_loader_options o = options_of(8, LENGTH, BATCH_PACK_WINDOWS);
  add("windows", plain, o);
  o = options_of(5, 48, BATCH_PACK_WINDOWS);
  o.id_type = BATCH_IDS_INT64, o.mask_type = TENSOR_UINT8, o.shuffle = BATCH_SHUFFLE_BLOCKS,
  o.block_rows = 16;
  add("blocks of windows, read", array, o);
  o = options_of(6, 64, BATCH_PACK_BEST_FIT);
  o.with_documents = true, o.with_cu_seqlens = true, o.drop_last = true;
  add("best fit", documents, o);
  o = options_of(16, 40, BATCH_PACK_DOCUMENTS);
  o.shuffle = BATCH_SHUFFLE_NONE, o.ignore_masked = true;
  add("documents", documents, o);
  o = options_of(4, 64, BATCH_PACK_BOS_ALIGNED);
  o.id_type = BATCH_IDS_FLOAT32;
  add("documents at the start", documents, o);
  o = options_of(8, LENGTH, BATCH_PACK_WINDOWS);
  soak_plan *mix = add("mix", plain, o);
  mix->sources[0].weight = 1;
  mix->sources[1] = (batch_loader_source){array, 3.14159};
  mix->num_sources = 2;
  o = options_of(8, 64, BATCH_PACK_WINDOWS);
  o.context_world = 2, o.context_rank = 1, o.transforms = transforms, o.num_transforms = 2;
  add("transformed, half of each row", plain, o);
  o = options_of(8, 96, BATCH_PACK_WINDOWS);
  o.vocab_size = 256, o.id_type = BATCH_IDS_UINT16;
  add("text", bytes, o);
  o = options_of(6, LENGTH, BATCH_PACK_DOCUMENTS);
  o.no_loss_across = true;
  add("a part of the documents", part, o);
}

void data_begin(const char *folder) {
  batch_dataset_options read = BATCH_DATASET_OPTIONS_INIT, train = BATCH_DATASET_OPTIONS_INIT;
  read.io = BATCH_IO_READ;
  train.subset = BATCH_SUBSET_TRAIN, train.validation_fraction = 0.2;
  snprintf(base, sizeof base, "%s", folder);
  make_text();
  write_files();
  plain = open_file("a.bin", NULL);
  array = open_file("n.npy", &read);
  documents = open_file("d.ds", NULL);
  bytes = open_file("b.txt", NULL);
  part = open_file("d.ds", &train);
  transforms[0] = batch_transform_mask(&masking);
  transforms[1] = batch_transform_dropout(&dropping);
  add_plans();
  for (unsigned i = 0; i < num_plans; i++) {
    make_reference(&plans[i]);
    make_states(&plans[i]);
  }
}

void data_end(void) {
  BatchDataset *all[] = {plain, array, documents, bytes, part};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) batch_dataset_free(all[i]);
}
