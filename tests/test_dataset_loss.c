/* Which tokens are to be learnt, in a companion PATH.loss: a byte or a bit a token, beside every format of tokens. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/random.h"

TestSuite(dataset_loss, .init = files_begin, .fini = files_end);

static void assert_loss(const BatchDataset *dataset, const uint8_t *expected, size_t count) {
  uint8_t *loss = malloc(count + 1);
  for (size_t start = 0; start <= count; start++) {
    size_t n = count - start;
    memset(loss, 9, count + 1);
    cr_assert(batch_dataset_read_loss(dataset, start, n, loss), "%s", batch_last_error()->message);
    for (size_t i = 0; i < n; i++) cr_assert_eq(loss[i], expected[start + i], "%zu from %zu on", i, start);
    cr_assert_eq(loss[n], 9);
  }
  free(loss);
}

static const char *loss_of_file(const BatchDataset *dataset, size_t index) {
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  cr_assert(batch_dataset_get_file(dataset, index, &file));
  return file.loss ? file.loss : "none";
}

static void assert_opened_with(const char *path, const char *kind, const uint8_t *expected, size_t count) {
  BatchDataset *dataset = open_dataset(path, NULL);
  cr_assert_str_eq(loss_of_file(dataset, 0), kind);
  cr_assert_eq(batch_dataset_has_loss(dataset), strcmp(kind, "none") != 0);
  assert_loss(dataset, expected, count);
  batch_dataset_free(dataset);
}

static const uint16_t tokens[] = {5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
static const uint8_t mask[] = {0, 1, 1, 0, 1, 0, 0, 0, 1, 1}, packed[] = {0x16, 0x03};
enum { TOKENS = sizeof tokens / sizeof *tokens };

Test(dataset_loss, bytes_and_bits_are_told_by_their_size) {
  const char *path = write_data("a.bin", tokens, sizeof tokens);
  static const uint8_t all[TOKENS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  assert_opened_with(path, "none", all, TOKENS);
  write_data("a.bin.loss", mask, sizeof mask);
  assert_opened_with(path, "bytes", mask, TOKENS);
  write_data("a.bin.loss", packed, sizeof packed);
  assert_opened_with(path, "bits", mask, TOKENS);
}

Test(dataset_loss, any_byte_but_0_is_to_be_learnt) {
  const char *path = write_data("a.bin", tokens, 3 * sizeof *tokens);
  write_data("a.bin.loss", "\0\2\xFF", 3);
  assert_opened_with(path, "bytes", (const uint8_t[]){0, 1, 1}, 3);
}

Test(dataset_loss, one_token_has_the_same_mask_either_way) {
  const char *path = write_data("a.bin", tokens, sizeof *tokens);
  write_data("a.bin.loss", "\1", 1);
  assert_opened_with(path, "bytes", (const uint8_t[]){1}, 1);
  write_data("a.bin.loss", "\0", 1);
  assert_opened_with(path, "bytes", (const uint8_t[]){0}, 1);
}

static void write_npy(const char *name) {
  bytes b = {0};
  put_text(&b, "\x93NUMPY\x01");
  put_u8(&b, 0);
  put_u16(&b, 118);
  put_text(&b, "{'descr': '<u2', 'fortran_order': False, 'shape': (10,), }");
  while (b.used < 127) put_u8(&b, ' ');
  put_u8(&b, '\n');
  put(&b, tokens, sizeof tokens);
  write_bytes(name, &b);
}

static void write_with_writer(const char *name, batch_format format) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  int32_t ids[TOKENS];
  for (size_t i = 0; i < TOKENS; i++) ids[i] = tokens[i];
  options.format = format;
  BatchWriter *writer = batch_writer_create(path_of(name), &options);
  cr_assert(writer && batch_writer_append(writer, ids, TOKENS) && batch_writer_finish(writer), "%s",
            batch_last_error()->message);
  batch_writer_free(writer);
}

Test(dataset_loss, it_is_found_beside_every_format_of_tokens) {
  static const struct {
    const char *name, *loss;
    batch_format format;
  } files[] = {
      {"h.bin", "h.bin.loss", BATCH_FORMAT_HEADERLESS}, {"d.ds", "d.ds.loss", BATCH_FORMAT_DATATROVE},
      {"g.bin", "g.bin.loss", BATCH_FORMAT_LLMC_GPT2},  {"l.bin", "l.bin.loss", BATCH_FORMAT_LLMC_LLAMA3},
      {"m.bin", "m.bin.loss", BATCH_FORMAT_MEGATRON},   {"n.npy", "n.npy.loss", BATCH_FORMAT_NPY}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (files[i].format == BATCH_FORMAT_NPY)
      write_npy(files[i].name);
    else
      write_with_writer(files[i].name, files[i].format);
    write_data(files[i].loss, mask, sizeof mask);
    assert_opened_with(path_of(files[i].name), "bytes", mask, TOKENS);
    write_data(files[i].loss, packed, sizeof packed);
    assert_opened_with(path_of(files[i].name), "bits", mask, TOKENS);
  }
  assert_opened_with(path_of("m.idx"), "bits", mask, TOKENS);
}

Test(dataset_loss, a_file_without_one_among_others_is_learnt_whole) {
  write_data("a.bin", tokens, 3 * sizeof *tokens);
  write_data("b.bin", tokens, 2 * sizeof *tokens);
  write_data("c.bin", tokens, 9 * sizeof *tokens);
  write_data("d.bin", tokens, 0);
  write_data("a.bin.loss", "\0\1\0", 3);
  write_data("c.bin.loss", "\1\0", 2);
  write_data("d.bin.loss", "", 0);
  BatchDataset *dataset = open_dataset(path_of(""), NULL);
  static const char *const kinds[] = {"bytes", "none", "bits", "bytes"};
  for (size_t i = 0; i < 4; i++) cr_assert_str_eq(loss_of_file(dataset, i), kinds[i]);
  assert_loss(dataset, (const uint8_t[]){0, 1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0}, 14);
  batch_dataset_free(dataset);
}

Test(dataset_loss, many_bits_from_any_place_on) {
  enum { MANY = 20000 };
  uint8_t *bits = calloc(MANY / 8, 1), *loss = malloc(MANY);
  uint16_t *zeros = calloc(MANY, sizeof *zeros);
  uint64_t numbers = 7;
  for (size_t i = 0; i < MANY / 8; i++) bits[i] = (uint8_t)random_below(&numbers, 256);
  write_data("a.bin", zeros, MANY * sizeof *zeros);
  write_data("a.bin.loss", bits, MANY / 8);
  BatchDataset *dataset = open_dataset(path_of("a.bin"), NULL);
  for (int i = 0; i < 200; i++) {
    uint64_t start = random_below(&numbers, MANY),
             count = random_below(&numbers, (uint32_t)(MANY - start + 1));
    cr_assert(batch_dataset_read_loss(dataset, start, count, loss));
    for (uint64_t k = 0; k < count; k++) cr_assert_eq(loss[k], bits[(start + k) / 8] >> (start + k) % 8 & 1);
  }
  batch_dataset_free(dataset);
  free(bits);
  free(loss);
  free(zeros);
}

Test(dataset_loss, a_size_that_fits_neither_is_refused_unless_it_is_not_looked_at) {
  const char *path = write_data("a.bin", tokens, sizeof tokens);
  for (size_t size = 0; size < 12; size++) {
    char found[40];
    if (size == 2 || size == 10) continue;
    write_data("a.bin.loss", "123456789012", size);
    snprintf(found, sizeof found, "found a file of %zu bytes", size);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path_of("a.bin.loss"), found,
                      "expected 10 (a byte a token) or 2 (a bit a token)", "(options.loss, --loss none)");
  }
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.loss = BATCH_LOSS_NONE;
  BatchDataset *dataset = open_dataset(path, &options);
  cr_assert_not(batch_dataset_has_loss(dataset));
  batch_dataset_free(dataset);
  options.loss = (batch_loss)2;
  assert_not_opened(path, &options, BATCH_ERROR_INVALID_ARGUMENT, "loss is 2, expected 0 to 1");
}

Test(dataset_loss, it_is_no_data_of_its_own) {
  static const char *const names[] = {"a.bin", "a.ds", "a.npy"};
  char loss[3][16];
  for (size_t i = 0; i < 3; i++) {
    snprintf(loss[i], sizeof loss[i], "%s.loss", names[i]);
    assert_not_opened(write_data(loss[i], mask, sizeof mask), NULL, BATCH_ERROR_IO, loss[i], "is not there");
  }
  write_data("a.bin", tokens, sizeof tokens);
  assert_not_opened(path_of("a.bin.loss"), NULL, BATCH_ERROR_INVALID_ARGUMENT, "belongs to",
                    "no data of its own");
  const char *both[] = {path_of("a.bin.loss"), path_of("a.bin")};
  BatchDataset *dataset = batch_dataset_open(both, 2, NULL);
  cr_assert(dataset && batch_dataset_files(dataset) == 1, "%s", batch_last_error()->message);
  batch_dataset_free(dataset);
}

Test(dataset_loss, one_that_shrinks_is_an_error_of_its_path) {
  const char *path = write_data("a.bin", tokens, sizeof tokens);
  const char *companion = write_data("a.bin.loss", mask, sizeof mask);
  uint8_t loss[TOKENS];
  BatchDataset *dataset = open_dataset(path, NULL);
  cr_assert_eq(truncate(companion, 4), 0);
  cr_assert(batch_dataset_read_loss(dataset, 0, 4, loss));
  assert_refused(!batch_dataset_read_loss(dataset, 0, TOKENS, loss), BATCH_ERROR_IO, companion, "byte 4");
  batch_dataset_free(dataset);
}

/* Tokenizing the file behind it takes the time in which a companion is replaced. */
static size_t replace_meanwhile(void *context, const char *text, size_t length, int32_t *ids,
                                size_t capacity) {
  (void)text, (void)length, (void)ids, (void)capacity;
  const char *const *names = context;
  if (names[0]) (void)rename(names[0], names[1]); /* once */
  return 0;
}

static size_t decode_nothing(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return 0;
}

static BatchDataset *open_while_replaced(const char *with, const char *companion) {
  const char *paths[] = {path_of("a.bin"), write_text("b.txt", "text")}, *names[] = {with, companion};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = replace_meanwhile, .decode = decode_nothing},
      names, 10, BATCH_NO_TOKEN);
  cr_assert_not_null(tokenizer);
  options.tokenizer = tokenizer;
  options.workers = 1;
  BatchDataset *dataset = batch_dataset_open(paths, 2, &options);
  batch_tokenizer_free(tokenizer);
  return dataset;
}

Test(dataset_loss, one_that_is_replaced_while_the_dataset_is_opened_is_refused) {
  write_data("a.bin", tokens, sizeof tokens);
  const char *companion = write_data("a.bin.loss", mask, sizeof mask),
             *other = write_data("other", mask, sizeof mask);
  BatchDataset *dataset = open_while_replaced(NULL, companion);
  cr_assert(dataset, "%s", batch_last_error()->message);
  batch_dataset_free(dataset);
  assert_refused(!open_while_replaced(other, companion), BATCH_ERROR_IO, companion,
                 "replaced while it is opened");
  /* NOLINTNEXTLINE(readability-suspicious-call-argument): it goes where the other one was */
  assert_refused(!open_while_replaced(companion, other), BATCH_ERROR_IO, companion, "it gone");
}
