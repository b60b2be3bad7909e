/* Datasets, loaders with all that they may be asked for, statistics. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "whole.h"

static batch_loader_options options_of(uint32_t columns) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = ROWS;
  options.sequence_length = columns;
  options.workers = 2;
  options.seed = 5;
  return options;
}

/* All batches that are left. */
static bool take_all(BatchLoader *loader) {
  uint64_t sum = 0;
  unsigned steps = 0;
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch), steps++)
    sum = whole_sum_batch(sum, batch);
  if (batch_last_error()->code != BATCH_END) return false;
  printf("%u steps, %016" PRIx64 "\n", steps, sum);
  return true;
}

static bool take_one(BatchLoader *loader, uint64_t *places) {
  Batch *batch = batch_loader_next(loader);
  bool good = batch && batch_loader_places(loader, batch, places);
  if (good) printf("step %u\n", (unsigned)batch->batch_id);
  batch_release(batch);
  return good;
}

static bool tell(BatchLoader *loader) {
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  batch_metrics_object object = {.name = "one", .loader = loader};
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = &object;
  options.num_objects = 1;
  return batch_loader_get_stats(loader, &stats) && batch_metrics_text(&options, NULL, 0) > 0;
}

static bool watch(BatchLoader *loader) {
  int fd = batch_loader_fd(loader);
  batch_status armed = fd >= 0 ? batch_loader_arm(loader) : BATCH_ERROR_IO;
  if (armed >= BATCH_ERROR_INVALID_ARGUMENT) return false;
  printf("readable: %d\n", whole_poll(fd));
  return true;
}

static bool again(BatchLoader *loader) {
  Batch *batch = batch_loader_replay(loader, 0, 1);
  if (!batch) return false;
  printf("%016" PRIx64 "\n", whole_sum_batch(0, batch));
  batch_release(batch);
  return true;
}

static bool resume(const BatchDataset *data, batch_loader_options options) {
  batch_loader_state state;
  if (!batch_loader_state_load(&state, "run.state")) return false;
  options.resume = &state;
  BatchLoader *loader = batch_loader_create(data, &options);
  bool good = loader && take_all(loader);
  batch_loader_free(loader);
  return good;
}

static bool go_through(BatchLoader *loader) {
  uint64_t places[ROWS];
  batch_loader_state state, other;
  return take_one(loader, places) && watch(loader) && batch_loader_get_state(loader, &state) &&
         batch_loader_state_at(loader, 0, 5, &other) && batch_loader_state_save(&state, "run.state") &&
         again(loader) && tell(loader) && take_all(loader);
}

static bool run(const BatchDataset *data, const batch_loader_options *options) {
  BatchLoader *loader = batch_loader_create(data, options);
  bool good = loader && go_through(loader);
  batch_loader_free(loader);
  return good && resume(data, *options);
}

static BatchDataset *open_tokens(const char *path, const batch_dataset_options *options) {
  return batch_dataset_open(&path, 1, options);
}

bool whole_loader(void) {
  static const batch_mask_options mask = {
      .size = sizeof mask, .probability = 0.2f, .mask_id = 3, .vocab_size = 257};
  static const batch_dropout_options dropout = {.size = sizeof dropout, .probability = 0.1f};
  batch_transform transforms[] = {batch_transform_mask(&mask), batch_transform_dropout(&dropout)};
  batch_loader_options options = options_of(32);
  options.vocab_size = 257;
  options.transforms = transforms;
  options.num_transforms = 2;
  options.with_documents = true;
  options.with_cu_seqlens = true;
  BatchDataset *data = open_tokens("out.bin", NULL);
  bool good = data && run(data, &options);
  batch_dataset_free(data);
  return good;
}

bool whole_packed_loader(void) {
  batch_loader_options options = options_of(32);
  options.packing = BATCH_PACK_BEST_FIT;
  options.pack_window = 16;
  options.context_world = 2;
  BatchDataset *data = open_tokens("out.bin", NULL);
  bool good = data && run(data, &options);
  batch_dataset_free(data);
  return good;
}

bool whole_mixed_loader(void) {
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.io = BATCH_IO_READ;
  BatchDataset *one = open_tokens("out.bin", NULL), *two = open_tokens("out.bin", &reading);
  batch_loader_source sources[] = {{one, 3}, {two, 1}};
  batch_loader_options options = options_of(32);
  batch_pool_options making = BATCH_POOL_OPTIONS_INIT;
  making.pool_size = 6;
  making.shape = (batch_shape){.batch_size = ROWS, .sequence_length = 32, .input_type = TENSOR_INT32};
  BatchPool *pool = batch_pool_create_with(&making);
  options.pool = pool;
  BatchLoader *loader = one && two && pool ? batch_loader_create_mixed(sources, 2, &options) : NULL;
  bool good = loader && take_all(loader);
  batch_loader_free(loader);
  if (pool) batch_pool_free(pool);
  batch_dataset_free(two);
  batch_dataset_free(one);
  return good;
}

/* Rows with ids outside the vocabulary become padding. */
bool whole_faulty_loader(void) {
  batch_loader_options options = options_of(32);
  options.faults = BATCH_FAULT_SKIP;
  options.vocab_size = 60; /* most ids are not below it */
  BatchDataset *data = open_tokens("out.bin", NULL);
  BatchLoader *loader = data ? batch_loader_create(data, &options) : NULL;
  bool good = loader && take_all(loader);
  batch_loader_free(loader);
  batch_dataset_free(data);
  return good;
}

/* Floats, noisy, until it is closed. */
static bool take_until_closed(BatchLoader *loader) {
  Batch *batch;
  printf("%u rows in %u steps\n", (unsigned)batch_loader_epoch_rows(loader),
         (unsigned)batch_loader_epoch_steps(loader));
  if (batch_loader_next_until(loader, &batch, BATCH_FOREVER) != BATCH_OK) return false;
  printf("%016" PRIx64 "\n", whole_sum_batch(0, batch));
  batch_release(batch);
  batch_loader_close(loader);
  return batch_loader_next_until(loader, &batch, BATCH_FOREVER) == BATCH_CLOSED;
}

bool whole_float_loader(void) {
  static const batch_replace_options other = {.size = sizeof other, .probability = 0.1f, .vocab_size = 257};
  static const batch_normalize_options normal = {.size = sizeof normal, .mean = 10, .deviation = 2};
  static const batch_noise_options noise = {.size = sizeof noise, .deviation = 0.5f};
  batch_transform transforms[] = {batch_transform_replace(&other), batch_transform_normalize(&normal),
                                  batch_transform_noise(&noise)};
  batch_loader_options options = options_of(32);
  options.id_type = BATCH_IDS_FLOAT32;
  options.transforms = transforms + 1;
  options.num_transforms = 2;
  BatchDataset *data = open_tokens("out.bin", NULL);
  BatchLoader *loader = data ? batch_loader_create(data, &options) : NULL;
  bool good = loader && take_until_closed(loader);
  batch_loader_free(loader);
  batch_dataset_free(data);
  return good && transforms[0].apply;
}

static bool say_what_it_is(const BatchDataset *data) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  if (batch_dataset_files(data) > 0 && !batch_dataset_get_file(data, 0, &file)) return false;
  printf("%" PRIu64 " documents, %" PRIu64 " tokens of %zu bytes, %d\n", batch_dataset_documents(data),
         batch_dataset_tokens(data), batch_dataset_width(data), batch_dataset_has_loss(data));
  return true;
}

static bool look(const BatchDataset *data) {
  int32_t ids[8];
  uint8_t loss[8];
  uint64_t start, end, fingerprint;
  int64_t least, most;
  if (!batch_dataset_read(data, 1, 8, ids) || !batch_dataset_read_loss(data, 1, 8, loss) ||
      !batch_dataset_document(data, 1, &start, &end) || !batch_dataset_fingerprint(data, &fingerprint) ||
      !batch_dataset_id_range(data, &least, &most))
    return false;
  printf("%" PRIu64 " to %" PRIu64 ", %016" PRIx64 ", %d to %d\n", start, end, fingerprint, (int)least,
         (int)most);
  return true;
}

bool whole_memory(void) {
  static uint16_t ids[200];
  static uint8_t loss[200];
  for (unsigned i = 0; i < 200; i++) ids[i] = (uint16_t)(i % 20), loss[i] = i % 3 > 0;
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = ids;
  memory.count = 200;
  memory.loss = loss;
  memory.token_type = BATCH_TOKEN_U16;
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  reading.separator = BATCH_SEPARATOR_AFTER;
  reading.end_of_text = 19;
  BatchDataset *data = batch_dataset_from_memory(&memory, &reading);
  batch_loader_options options = options_of(8);
  BatchLoader *loader =
      data && say_what_it_is(data) && look(data) ? batch_loader_create(data, &options) : NULL;
  bool good = loader && take_all(loader);
  batch_loader_free(loader);
  batch_dataset_free(data);
  return good;
}
