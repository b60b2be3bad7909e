/* Tokens in the caller's memory: all that a file of the same tokens gives, and no read outside of them. */
#include <headrace/headrace.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/loader.h"

TestSuite(dataset_from_memory, .init = loader_begin, .fini = loader_end);

static const batch_memory nothing = BATCH_MEMORY_INIT;

/* TOKENS tokens of token_at, u16. */
static batch_memory make_memory(uint16_t *tokens) {
  batch_memory m = nothing;
  for (uint32_t i = 0; i < TOKENS; i++) tokens[i] = (uint16_t)token_at(i);
  m.tokens = tokens;
  m.count = TOKENS;
  m.token_type = BATCH_TOKEN_U16;
  return m;
}

static BatchDataset *open_memory(const batch_memory *m, const batch_dataset_options *options) {
  BatchDataset *made = batch_dataset_from_memory(m, options);
  cr_assert_not_null(made, "%s", batch_last_error()->message);
  return made;
}

static void assert_same_data(const BatchDataset *a, const BatchDataset *b) {
  static int32_t of_a[TOKENS], of_b[TOKENS];
  int64_t range[4];
  uint64_t at[4];
  cr_assert_eq(batch_dataset_tokens(a), batch_dataset_tokens(b));
  cr_assert(batch_dataset_read(a, 0, TOKENS, of_a) && batch_dataset_read(b, 0, TOKENS, of_b));
  cr_assert_arr_eq(of_a, of_b, sizeof of_a);
  cr_assert_eq(fingerprint_of(a), fingerprint_of(b));
  cr_assert(batch_dataset_id_range(a, &range[0], &range[1]) &&
            batch_dataset_id_range(b, &range[2], &range[3]));
  cr_assert(range[0] == range[2] && range[1] == range[3]);
  cr_assert_eq(batch_dataset_documents(a), batch_dataset_documents(b));
  for (uint64_t d = 0; d < batch_dataset_documents(a); d++) {
    cr_assert(batch_dataset_document(a, d, &at[0], &at[1]) && batch_dataset_document(b, d, &at[2], &at[3]));
    cr_assert(at[0] == at[2] && at[1] == at[3]);
  }
}

Test(dataset_from_memory, it_is_what_a_file_of_the_same_tokens_is) {
  static uint16_t tokens[TOKENS];
  batch_memory m = make_memory(tokens);
  m.name = "mine";
  BatchDataset *made = open_memory(&m, NULL);
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  assert_same_data(made, dataset);
  cr_assert(batch_dataset_files(made) == 1 && batch_dataset_get_file(made, 0, &file));
  cr_assert(strcmp(file.path, "mine") == 0 && file.path != m.name && file.format == BATCH_FORMAT_HEADERLESS);
  cr_assert(file.tokens == TOKENS && file.documents == 0 && file.token_type == BATCH_TOKEN_U16 && !file.loss);
  batch_loader_options o = small_options();
  assert_same_batches(made, dataset, &o);
  o.workers = 3;
  o.shuffle = BATCH_SHUFFLE_BLOCKS;
  assert_same_batches(made, dataset, &o);
  batch_dataset_free(made);
}

Test(dataset_from_memory, documents_and_packings_are_those_of_a_file) {
  static const uint32_t lengths[] = {100, 3, 0, 1, 1896, 3003 - 17, 17};
  enum { DOCUMENTS = sizeof lengths / sizeof *lengths };
  static uint16_t tokens[TOKENS];
  uint64_t ends[DOCUMENTS], end = 0;
  for (size_t i = 0; i < DOCUMENTS; i++) ends[i] = end += lengths[i];
  batch_memory m = make_memory(tokens);
  m.document_ends = ends;
  m.documents = DOCUMENTS;
  static uint8_t loss[TOKENS];
  for (size_t i = 0; i < TOKENS; i++) loss[i] = i % 5 > 1;
  m.loss = loss;
  batch_dataset_free(make_documents("d.ds", lengths, DOCUMENTS));
  write_data("d.ds.loss", loss, TOKENS);
  BatchDataset *made = open_memory(&m, NULL), *of_file = open_dataset(path_of("d.ds"), NULL);
  assert_same_data(made, of_file);
  batch_loader_options o = small_options();
  o.with_documents = true;
  for (o.packing = BATCH_PACK_WINDOWS; o.packing <= BATCH_PACK_BEST_FIT; o.packing++)
    assert_same_batches(made, of_file, &o);
  batch_dataset_free(made);
  batch_dataset_free(of_file);
}

Test(dataset_from_memory, every_type_at_any_address) {
  static const struct {
    batch_token_type type;
    size_t width;
  } types[] = {{BATCH_TOKEN_U8, 1},  {BATCH_TOKEN_I8, 1},  {BATCH_TOKEN_U16, 2}, {BATCH_TOKEN_I16, 2},
               {BATCH_TOKEN_U32, 4}, {BATCH_TOKEN_I32, 4}, {BATCH_TOKEN_I64, 8}};
  enum { COUNT = 100 };
  for (size_t t = 0; t < sizeof types / sizeof *types; t++)
    for (size_t shift = 0; shift < 8; shift++) {
      size_t width = types[t].width;
      uint8_t *block = calloc(1, shift + COUNT * width);
      int32_t expected[COUNT];
      for (int32_t i = 0; i < COUNT; i++) block[shift + (size_t)i * width] = (uint8_t)(expected[i] = i + 3);
      batch_memory m = nothing;
      m.tokens = block + shift;
      m.count = COUNT;
      m.token_type = types[t].type;
      BatchDataset *made = open_memory(&m, NULL);
      cr_assert_eq(batch_dataset_width(made), width);
      assert_tokens(made, expected, COUNT);
      batch_dataset_free(made);
      free(block);
    }
}

Test(dataset_from_memory, a_loss_mask_is_read_unless_it_is_not_wanted) {
  static uint16_t tokens[TOKENS];
  static uint8_t loss[TOKENS], found[TOKENS];
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  batch_memory m = make_memory(tokens);
  for (size_t i = 0; i < TOKENS; i++) loss[i] = (uint8_t)(i % 3);
  m.loss = loss;
  BatchDataset *made = open_memory(&m, NULL);
  cr_assert(batch_dataset_has_loss(made) && batch_dataset_read_loss(made, 1, TOKENS - 1, found));
  for (size_t i = 1; i < TOKENS; i++) cr_assert_eq(found[i - 1], i % 3 != 0);
  cr_assert(batch_dataset_get_file(made, 0, &file) && strcmp(file.loss, "bytes") == 0);
  batch_dataset_free(made);
  options.loss = BATCH_LOSS_NONE;
  made = open_memory(&m, &options);
  cr_assert_not(batch_dataset_has_loss(made));
  batch_dataset_free(made);
}

Test(dataset_from_memory, a_separator_finds_documents_where_none_are_given) {
  static uint16_t tokens[TOKENS];
  batch_memory m = make_memory(tokens);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_AFTER;
  options.end_of_text = 70; /* token 10, and every 1000th from there on */
  options.io = BATCH_IO_READ;
  BatchDataset *made = open_memory(&m, &options);
  assert_documents(made, (uint64_t[]){0, 11, 1011, 2011, 3011, 4011, TOKENS}, 6);
  batch_dataset_free(made);
  m.document_ends = (uint64_t[]){5, TOKENS};
  m.documents = 2;
  made = open_memory(&m, &options);
  assert_documents(made, (uint64_t[]){0, 5, TOKENS}, 2);
  batch_dataset_free(made);
}

static void assert_memory_refused(const batch_memory *m, const batch_dataset_options *options,
                                  batch_status status, const char *what, const char *expected) {
  assert_refused(!batch_dataset_from_memory(m, options), status, "batch_dataset_from_memory: ", what,
                 expected);
}

#define REFUSED(field, value, status, ...)                                                                   \
  do {                                                                                                       \
    batch_memory m_ = good;                                                                                  \
    m_.field = value;                                                                                        \
    assert_memory_refused(&m_, NULL, status, __VA_ARGS__);                                                   \
  } while (0)

Test(dataset_from_memory, what_cannot_be_is_refused) {
  static uint16_t tokens[TOKENS];
  uint64_t ends[] = {3, 2, TOKENS};
  batch_memory good = make_memory(tokens);
  good.document_ends = ends;
  good.documents = 3;
  assert_memory_refused(&good, NULL, BATCH_ERROR_INVALID_ARGUMENT, "document_ends[1] is 2",
                        "expected 3 to count");
  ends[1] = TOKENS + 1;
  assert_memory_refused(&good, NULL, BATCH_ERROR_INVALID_ARGUMENT, "document_ends[1] is 5004",
                        "expected 3 to");
  ends[1] = 4;
  REFUSED(documents, 2, BATCH_ERROR_INVALID_ARGUMENT, "the last of memory.document_ends is 4",
          "which is 5003");
  REFUSED(documents, 0, BATCH_ERROR_INVALID_ARGUMENT, "documents is 0", "number of document_ends");
  REFUSED(documents, UINT64_MAX, BATCH_ERROR_INVALID_ARGUMENT, "documents is 18446744073709551615", "number");
  REFUSED(document_ends, NULL, BATCH_ERROR_INVALID_ARGUMENT, "documents is 3", "document_ends is NULL");
  REFUSED(tokens, NULL, BATCH_ERROR_INVALID_ARGUMENT, "tokens is NULL", "expected an address");
  REFUSED(count, 0, BATCH_ERROR_INVALID_ARGUMENT, "count is 0", "at least 1");
  REFUSED(token_type, BATCH_TOKEN_DEFAULT, BATCH_ERROR_INVALID_ARGUMENT, "token_type is 0", "1 to 7");
  REFUSED(token_type, (batch_token_type)8, BATCH_ERROR_INVALID_ARGUMENT, "token_type is 8", "1 to 7");
  REFUSED(count, UINT64_MAX / 2, BATCH_ERROR_OVERFLOW, "tokens of 2 bytes", "expected at most");
  REFUSED(count, UINT64_MAX, BATCH_ERROR_OVERFLOW, "18446744073709551615 tokens", "expected at most");
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_NPY;
  assert_memory_refused(&good, &options, BATCH_ERROR_INVALID_ARGUMENT, "format is npy", "headerless");
  options.format = BATCH_FORMAT_HEADERLESS;
  options.token_type = BATCH_TOKEN_U32;
  assert_memory_refused(&good, &options, BATCH_ERROR_INVALID_ARGUMENT, "token_type is u32", "which is u16");
  options.token_type = BATCH_TOKEN_U16;
  batch_dataset_free(open_memory(&good, &options));
}

Test(dataset_from_memory, a_bad_id_is_named_by_the_name) {
  const int32_t tokens[] = {1, 2, -7, 4};
  int32_t ids[4];
  batch_memory m = nothing;
  m.tokens = tokens;
  m.count = 4;
  m.token_type = BATCH_TOKEN_I32;
  BatchDataset *made = open_memory(&m, NULL);
  assert_refused(!batch_dataset_read(made, 0, 4, ids), BATCH_ERROR_OUT_OF_RANGE, "memory: at byte 8: token 2",
                 "-7");
  batch_dataset_free(made);
}

/* All that a loader does with files to keep little of them in memory would throw away what is in this. */
Test(dataset_from_memory, a_loader_with_little_room_leaves_the_memory_as_it_is) {
  enum { COUNT = 1 << 20 };
  size_t length = COUNT * sizeof(uint16_t);
  uint16_t *tokens = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq(tokens, MAP_FAILED);
  for (uint32_t i = 0; i < COUNT; i++) tokens[i] = (uint16_t)token_at(i);
  batch_memory m = nothing;
  m.tokens = tokens;
  m.count = COUNT;
  m.token_type = BATCH_TOKEN_U16;
  BatchDataset *made = open_memory(&m, NULL), *of_file = open_dataset(write_tokens("same.bin", COUNT), NULL);
  batch_loader_options o = small_options();
  o.sequence_length = 512;
  o.resident_bytes = 4096;
  assert_same_batches(made, of_file, &o);
  for (uint32_t i = 0; i < COUNT; i++) cr_assert_eq(tokens[i], (uint16_t)token_at(i));
  batch_dataset_free(made);
  batch_dataset_free(of_file);
  munmap(tokens, length);
}

/* So many length at the end of a page behind which nothing may be read. */
static uint8_t *before_a_wall(size_t length, void **block) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE), size = (length + page - 1) / page * page;
  uint8_t *map = mmap(NULL, size + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  cr_assert_neq((void *)map, MAP_FAILED);
  cr_assert_eq(mprotect(map + size, page, PROT_NONE), 0);
  *block = map;
  return map + size - length;
}

Test(dataset_from_memory, nothing_behind_its_end_is_read) {
  enum { COUNT = 4 * LENGTH + 1 };
  void *block, *block_of_loss;
  uint16_t *tokens =
      (void *)before_a_wall(COUNT * sizeof *tokens, &block); /* zeros, as behind a file's end */
  batch_memory m = nothing;
  m.tokens = tokens;
  m.count = COUNT;
  m.token_type = BATCH_TOKEN_U16;
  m.loss = before_a_wall(COUNT, &block_of_loss);
  BatchDataset *made = open_memory(&m, NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start_loader(made, &o);
  pass_batches(loader, 1);
  batch_loader_free(loader);
  batch_dataset_free(made);
}

Test(dataset_from_memory, memory_that_is_a_file_cut_meanwhile_is_a_fault_of_the_batch) {
  const char *path = write_tokens("cut.bin", 20000);
  FILE *file = fopen(path, "rb");
  cr_assert_not_null(file);
  void *map = mmap(NULL, 40000, PROT_READ, MAP_SHARED, fileno(file), 0);
  cr_assert_neq(map, MAP_FAILED);
  batch_memory m = nothing;
  m.tokens = map;
  m.count = 20000;
  m.token_type = BATCH_TOKEN_U16;
  BatchDataset *made = open_memory(&m, NULL);
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.workers = 1;
  o.pool_size = 1;
  cr_assert_eq(truncate(path, 4096), 0);
  BatchLoader *loader = start_loader(made, &o);
  pass_batches(loader, 4096 / 2 / LENGTH / BATCH - 1);
  Batch *batch;
  while ((batch = batch_loader_next(loader))) batch_release(batch);
  assert_error(BATCH_ERROR_IO, "memory: at byte 4096", "the caller's memory ends before");
  batch_loader_free(loader);
  batch_dataset_free(made);
  munmap(map, 40000);
  fclose(file);
}
