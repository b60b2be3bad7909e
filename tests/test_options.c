/* Structs that begin with their size: a library takes those of programs that were compiled with an older or a
   newer header for what they are, and writes into no more than it is given. */
#include <stdlib.h>
#include <string.h>

#include "base/options.h"
#include "support/dataset_check.h"
#include "support/files.h"

static void begin(void) {
  static const uint16_t tokens[] = {1, 2, 3, 4, 5, 6, 7, 8};
  files_begin();
  write_data("a.bin", tokens, sizeof tokens);
}

TestSuite(options, .init = begin, .fini = files_end);

static bool use_pool(void *options) {
  BatchPool *pool = batch_pool_create_with(options);
  batch_pool_free(pool);
  return pool;
}

static bool use_arena(void *options) {
  BatchArena *arena = batch_arena_create(options);
  batch_arena_free(arena);
  return arena;
}

static void process(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static bool use_spheres(void *options) {
  BatchSpheres *spheres = batch_spheres_start(options);
  batch_spheres_stop(spheres);
  return spheres;
}

static bool use_dataset(void *options) {
  BatchDataset *dataset = batch_dataset_open(&(const char *){path_of("a.bin")}, 1, options);
  batch_dataset_free(dataset);
  return dataset;
}

static bool use_dataset_text(void *options) {
  batch_dataset_options dataset = BATCH_DATASET_OPTIONS_INIT;
  dataset.text = options;
  return use_dataset(&dataset);
}

static bool use_dataset_spans(void *options) {
  batch_dataset_options dataset = BATCH_DATASET_OPTIONS_INIT;
  dataset.spans = options;
  return use_dataset(&dataset);
}

static bool use_metrics(void *options) {
  return batch_metrics_text(options, NULL, 0) > 0;
}

static bool use_text(void *options) {
  return batch_text_normalize("a", 1, options, NULL, 0) == 1;
}

static bool use_tokenize(void *options) {
  const char *text = write_text("a.txt", "text");
  BatchWriter *writer = batch_writer_create(path_of("of_text.bin"), NULL);
  batch_status status = batch_tokenize_files(&text, 1, options, writer, NULL, NULL);
  batch_writer_free(writer);
  return status == BATCH_OK;
}

static bool use_memory(void *memory) {
  BatchDataset *dataset = batch_dataset_from_memory(memory, NULL);
  batch_dataset_free(dataset);
  return dataset;
}

static bool use_memory_options(void *options) {
  static const uint8_t tokens[] = {1, 2};
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = tokens;
  memory.count = 2;
  memory.token_type = BATCH_TOKEN_U8;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, options);
  batch_dataset_free(dataset);
  return dataset;
}

static bool use_writer(void *options) {
  BatchWriter *writer = batch_writer_create(path_of("out.bin"), options);
  batch_writer_free(writer);
  return writer;
}

static size_t encode(void *context, const char *text, size_t length, int32_t *ids, size_t capacity) {
  (void)context, (void)text, (void)length, (void)ids, (void)capacity;
  return 0;
}

static size_t decode(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return 0;
}

static bool use_functions(void *functions) {
  BatchTokenizer *tokenizer = batch_tokenizer_custom(functions, NULL, 10, BATCH_NO_TOKEN);
  batch_tokenizer_free(tokenizer);
  return tokenizer;
}

static const batch_loader_options loading = {
    .size = sizeof loading, .batch_size = 1, .sequence_length = 4, .world = 1};

static bool use_loader(void *options) {
  BatchDataset *dataset = open_dataset(path_of("a.bin"), NULL);
  BatchLoader *loader = batch_loader_create(dataset, options);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  return loader;
}

static bool use_mixed(void *options) {
  batch_loader_source source = {open_dataset(path_of("a.bin"), NULL), 0};
  BatchLoader *loader = batch_loader_create_mixed(&source, 1, options);
  batch_loader_free(loader);
  batch_dataset_free((BatchDataset *)(uintptr_t)source.dataset);
  return loader;
}

/* In a loader, which says of which transform it is; and by itself. */
static bool use_transform(batch_transform transform) {
  batch_loader_options o = loading;
  o.id_type = BATCH_IDS_FLOAT32;
  o.transforms = &transform;
  o.num_transforms = 1;
  bool taken = use_loader(&o);
  if (!taken) assert_error(batch_last_error()->code, "batch_loader_create: transforms[0], ");
  Batch *batch = batch_create(1, 4, 0);
  batch_random random = batch_random_start(1);
  cr_assert_eq(transform.apply(transform.context, batch, 0, &random), taken);
  batch_release(batch);
  return taken;
}

static bool use_mask(void *options) {
  return use_transform(batch_transform_mask(options));
}

static bool use_dropout(void *options) {
  return use_transform(batch_transform_dropout(options));
}

static bool use_replace(void *options) {
  return use_transform(batch_transform_replace(options));
}

static bool use_normalize(void *options) {
  return use_transform(batch_transform_normalize(options));
}

static bool use_noise(void *options) {
  return use_transform(batch_transform_noise(options));
}

static bool fill_file(void *info) {
  BatchDataset *dataset = open_dataset(path_of("a.bin"), NULL);
  bool filled = batch_dataset_get_file(dataset, 0, info);
  batch_dataset_free(dataset);
  return filled;
}

static bool fill_loader_stats(void *stats) {
  BatchDataset *dataset = open_dataset(path_of("a.bin"), NULL);
  BatchLoader *loader = batch_loader_create(dataset, &loading);
  bool filled = batch_loader_get_stats(loader, stats);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  return filled;
}

static bool fill_sphere_stats(void *stats) {
  BatchSpheres *spheres = batch_spheres_start(
      &(batch_spheres_options){.size = sizeof(batch_spheres_options), .num_spheres = 1, .process = process});
  bool filled = batch_spheres_get_stats(spheres, 0, stats);
  batch_spheres_stop(spheres);
  return filled;
}

typedef struct kind {
  const char *function, *init;
  const void *good;  /* what it begins with and what must be set */
  size_t bytes, end; /* end: of the last field */
  bool (*use)(void *options);
} kind;

#define KIND(function, type, init, last, use, ...)                                                           \
  {                                                                                                          \
    function, init, &(const type){.size = sizeof(type), __VA_ARGS__}, sizeof(type),                          \
        offsetof(type, last) + sizeof(((type *)NULL)->last), use                                             \
  }

static const kind given[] = {
    KIND("batch_pool_create_with", batch_pool_options, "BATCH_POOL_OPTIONS_INIT", allocator, use_pool,
         .pool_size = 1, .shape = {.batch_size = 1, .sequence_length = 1}),
    KIND("batch_arena_create", batch_arena_options, "BATCH_ARENA_OPTIONS_INIT", reserved, use_arena,
         .chunk_bytes = 1),
    KIND("batch_spheres_start", batch_spheres_options, "BATCH_SPHERES_OPTIONS_INIT", context, use_spheres,
         .num_spheres = 1, .process = process),
    KIND("batch_dataset_open", batch_dataset_options, "BATCH_DATASET_OPTIONS_INIT", reserved, use_dataset,
         .format = BATCH_FORMAT_AUTO),
    KIND("batch_dataset_from_memory", batch_dataset_options, "BATCH_DATASET_OPTIONS_INIT", reserved,
         use_memory_options, .format = BATCH_FORMAT_AUTO),
    KIND("batch_dataset_from_memory: memory", batch_memory, "BATCH_MEMORY_INIT", reserved, use_memory,
         .tokens = "token", .count = 5, .token_type = BATCH_TOKEN_U8),
    KIND("batch_tokenize_files", batch_dataset_options, "BATCH_DATASET_OPTIONS_INIT", reserved, use_tokenize,
         .format = BATCH_FORMAT_AUTO),
    KIND("batch_dataset_open: options.text", batch_text_options, "BATCH_TEXT_OPTIONS_INIT", reserved,
         use_dataset_text, .malformed = BATCH_MALFORMED_KEEP),
    KIND("batch_dataset_open: options.spans", batch_span_options, "BATCH_SPAN_OPTIONS_INIT", reserved,
         use_dataset_spans, .kind = BATCH_SPANS_MESSAGES),
    KIND("batch_text_normalize", batch_text_options, "BATCH_TEXT_OPTIONS_INIT", reserved, use_text,
         .malformed = BATCH_MALFORMED_KEEP),
    KIND("batch_writer_create", batch_writer_options, "BATCH_WRITER_OPTIONS_INIT", reserved, use_writer,
         .format = BATCH_FORMAT_AUTO),
    KIND("batch_tokenizer_custom", batch_tokenizer_functions, "BATCH_TOKENIZER_FUNCTIONS_INIT", free,
         use_functions, .encode = encode, .decode = decode),
    KIND("batch_loader_create", batch_loader_options, "BATCH_LOADER_OPTIONS_INIT", num_skips, use_loader,
         .batch_size = 1, .sequence_length = 4, .world = 1),
    KIND("batch_loader_create_mixed", batch_loader_options, "BATCH_LOADER_OPTIONS_INIT", num_skips, use_mixed,
         .batch_size = 1, .sequence_length = 4, .world = 1),
    KIND("batch_metrics_text", batch_metrics_options, "BATCH_METRICS_OPTIONS_INIT", num_labels, use_metrics,
         .num_objects = 0),
    KIND("batch_transform_mask", batch_mask_options, "BATCH_MASK_OPTIONS_INIT", num_keep, use_mask,
         .vocab_size = 10),
    KIND("batch_transform_dropout", batch_dropout_options, "BATCH_DROPOUT_OPTIONS_INIT", drop_id, use_dropout,
         .drop_id = 1),
    KIND("batch_transform_replace", batch_replace_options, "BATCH_REPLACE_OPTIONS_INIT", vocab_size,
         use_replace, .vocab_size = 10),
    KIND("batch_transform_normalize", batch_normalize_options, "BATCH_NORMALIZE_OPTIONS_INIT", deviation,
         use_normalize, .deviation = 1),
    KIND("batch_transform_noise", batch_noise_options, "BATCH_NOISE_OPTIONS_INIT", reserved, use_noise,
         .deviation = 1),
};

static const kind filled[] = {
    KIND("batch_dataset_get_file", batch_dataset_file, "BATCH_DATASET_FILE_INIT", loss, fill_file,
         .path = NULL),
    KIND("batch_loader_get_stats", batch_loader_stats, "BATCH_LOADER_STATS_INIT", cropped, fill_loader_stats,
         .batches = 0),
    KIND("batch_spheres_get_stats", batch_sphere_stats, "BATCH_SPHERE_STATS_INIT", stolen, fill_sphere_stats,
         .processed = 0),
};

enum { GIVEN = sizeof given / sizeof *given, FILLED = sizeof filled / sizeof *filled, MORE = 64 };

static const kind *kind_at(size_t i) {
  return i < GIVEN ? &given[i] : &filled[i - GIVEN];
}

/* A struct as a header that says `size` makes it. */
static unsigned char *make(const kind *k, size_t size) {
  unsigned char *made = calloc(1, k->bytes + 2 * MORE);
  memcpy(made, k->good, k->bytes);
  memcpy(made, &size, sizeof size);
  return made;
}

static void assert_size_refused(const kind *k, size_t size) {
  char found[40];
  unsigned char *made = make(k, size);
  snprintf(found, sizeof found, "size is %zu", size);
  assert_refused(!k->use(made), BATCH_ERROR_INVALID_ARGUMENT, k->function, found, k->init);
  free(made);
}

Test(options, a_size_that_no_header_gives_is_refused_in_the_name_of_the_function) {
  for (size_t i = 0; i < GIVEN + FILLED; i++) {
    assert_size_refused(kind_at(i), 0);
    assert_size_refused(kind_at(i), sizeof(size_t));
    assert_size_refused(kind_at(i), 4097);
    assert_size_refused(kind_at(i), SIZE_MAX);
  }
}

Test(options, a_struct_of_this_header_is_taken) {
  for (size_t i = 0; i < GIVEN + FILLED; i++) {
    unsigned char *made = make(kind_at(i), kind_at(i)->bytes);
    cr_assert(kind_at(i)->use(made), "%s", batch_last_error()->message);
    free(made);
  }
}

Test(options, a_larger_struct_is_taken_where_all_that_is_not_known_is_0) {
  for (size_t i = 0; i < GIVEN; i++) {
    unsigned char *made = make(&given[i], given[i].bytes + MORE);
    made[given[i].bytes + MORE] = 1; /* not of the struct */
    cr_assert(given[i].use(made), "%s", batch_last_error()->message);
    free(made);
  }
}

Test(options, a_larger_struct_with_something_set_that_is_not_known_is_refused) {
  for (size_t i = 0; i < GIVEN; i++)
    for (int last = 0; last < 2; last++) {
      size_t at = given[i].bytes + (last ? MORE - 1 : 0);
      char where[40];
      unsigned char *made = make(&given[i], given[i].bytes + MORE);
      made[at] = 7;
      snprintf(where, sizeof where, "at byte %zu", at);
      assert_refused(!given[i].use(made), BATCH_ERROR_UNSUPPORTED, given[i].function, where, "has 7");
      free(made);
    }
}

/* A later version may make fields of them, which this one does not know. */
Test(options, reserved_bytes_that_are_set_are_refused) {
  static const struct {
    const char *function;
    size_t at, bytes;
  } reserved[] = {
      {"batch_arena_create", offsetof(batch_arena_options, reserved), 3},
      {"batch_dataset_open", offsetof(batch_dataset_options, reserved), 4},
      {"batch_dataset_from_memory", offsetof(batch_dataset_options, reserved), 4},
      {"batch_dataset_from_memory: memory", offsetof(batch_memory, reserved), 4},
      {"batch_tokenize_files", offsetof(batch_dataset_options, reserved), 4},
      {"batch_dataset_open: options.text", offsetof(batch_text_options, reserved), 6},
      {"batch_dataset_open: options.spans", offsetof(batch_span_options, reserved), 4},
      {"batch_text_normalize", offsetof(batch_text_options, reserved), 6},
      {"batch_transform_noise", offsetof(batch_noise_options, reserved), 4},
  };
  size_t found = 0;
  for (size_t i = 0; i < GIVEN; i++)
    for (size_t j = 0; j < sizeof reserved / sizeof *reserved; j++) {
      if (strcmp(given[i].function, reserved[j].function) != 0) continue;
      found++;
      for (size_t at = reserved[j].at; at < reserved[j].at + reserved[j].bytes; at++) {
        unsigned char *made = make(&given[i], given[i].bytes);
        made[at] = 7;
        assert_refused(!given[i].use(made), BATCH_ERROR_UNSUPPORTED, given[i].function, "has 7");
        free(made);
      }
    }
  cr_assert_eq(found, sizeof reserved / sizeof *reserved);
}

Test(options, a_larger_struct_is_filled_with_0_to_its_end_and_not_beyond) {
  for (size_t i = 0; i < FILLED; i++) {
    const kind *k = &filled[i];
    size_t size;
    unsigned char *made = make(k, k->bytes + MORE);
    memset(made + k->bytes, 0xAA, 2 * MORE);
    cr_assert(k->use(made), "%s", batch_last_error()->message);
    memcpy(&size, made, sizeof size);
    cr_assert_eq(size, k->bytes + MORE);
    for (size_t j = 0; j < 2 * MORE; j++)
      cr_assert_eq(made[k->bytes + j], j < MORE ? 0 : 0xAA, "%s: byte %zu behind", k->function, j);
    free(made);
  }
}

Test(options, structs_end_without_padding) {
  for (size_t i = 0; i < GIVEN + FILLED; i++)
    cr_assert_eq(kind_at(i)->end, kind_at(i)->bytes, "%s", kind_at(i)->init);
}

typedef struct grown {
  size_t size;
  uint64_t first;
  uint64_t added;
} grown;

static const options_type grown_type = OPTIONS_TYPE(grown, GROWN_INIT, first);

Test(options, a_struct_of_an_older_header_has_0_for_what_came_later) {
  grown older = {offsetof(grown, added), 5, 6}, mine;
  cr_assert(options_read(&grown_type, "f", "options", &older, &mine), "%s", batch_last_error()->message);
  cr_assert(mine.size == sizeof mine && mine.first == 5 && mine.added == 0);
  older.size--;
  char sentence[80];
  snprintf(sentence, sizeof sentence, "f: options.size is %zu, expected %zu: begin with GROWN_INIT",
           older.size, sizeof mine);
  assert_refused(!options_read(&grown_type, "f", "options", &older, &mine), BATCH_ERROR_INVALID_ARGUMENT,
                 sentence);
}

Test(options, a_struct_of_an_older_header_is_filled_as_far_as_it_goes) {
  const grown mine = {sizeof mine, 1, 2};
  grown older = {offsetof(grown, added), 5, 6};
  cr_assert(options_write(&grown_type, "f", "stats", &mine, &older));
  cr_assert(older.size == offsetof(grown, added) && older.first == 1 && older.added == 6);
}

Test(options, no_struct_at_all_is_refused) {
  grown mine;
  assert_refused(!options_read(&grown_type, "f", "options", NULL, &mine), BATCH_ERROR_INVALID_ARGUMENT,
                 "f: options is NULL");
  assert_refused(!options_write(&grown_type, "f", "stats", &mine, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "f: stats is NULL");
}
