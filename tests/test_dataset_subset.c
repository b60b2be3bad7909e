/* Train and validation: a choice of documents that keeps them apart and stays as it is whatever else changes. */
#include <headrace/headrace.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/loader.h"
#include "support/random.h"

TestSuite(dataset_subset, .init = files_begin, .fini = files_end);

static batch_dataset_options subset_of(batch_subset subset, double fraction, uint64_t seed) {
  batch_dataset_options o = BATCH_DATASET_OPTIONS_INIT;
  o.subset = subset;
  o.validation_fraction = fraction;
  o.subset_seed = seed;
  return o;
}

enum { BLOCK = 4096 };

/* Documents of which every token is the number of its document, in the widest type of its format. */
static const char *write_numbered(const char *name, batch_format format, uint32_t first, uint32_t documents) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  uint64_t numbers = 5 + first;
  int32_t ids[20];
  options.format = format;
  options.token_type = format == BATCH_FORMAT_MEGATRON ? BATCH_TOKEN_I32 : BATCH_TOKEN_U32;
  BatchWriter *writer = batch_writer_create(path_of(name), &options);
  cr_assert_not_null(writer, "%s", batch_last_error()->message);
  for (uint32_t d = 0; d < documents; d++) {
    uint32_t length = 1 + random_below(&numbers, 20);
    for (uint32_t i = 0; i < length; i++) ids[i] = (int32_t)(first + d);
    cr_assert(batch_writer_append(writer, ids, length) && batch_writer_end_document(writer));
  }
  cr_assert(batch_writer_finish(writer), "%s", batch_last_error()->message);
  batch_writer_free(writer);
  return path_of(name);
}

static BatchDataset *open_subset(const char *const *paths, size_t n, const batch_dataset_options *options) {
  BatchDataset *made = batch_dataset_open(paths, n, options);
  cr_assert_not_null(made, "%s", batch_last_error()->message);
  return made;
}

/* Notes which of the numbered documents are in a dataset, each once and whole. */
static void note_numbers(const BatchDataset *of, uint8_t *seen, uint8_t mark) {
  for (uint64_t d = 0; d < batch_dataset_documents(of); d++) {
    uint64_t start, end;
    int32_t ids[20];
    cr_assert(batch_dataset_document(of, d, &start, &end) && end > start && end - start <= 20);
    cr_assert(batch_dataset_read(of, start, (size_t)(end - start), ids));
    for (uint64_t i = 1; i < end - start; i++) cr_assert_eq(ids[i], ids[0]);
    cr_assert_eq(seen[ids[0]], 0, "document %d is there twice", ids[0]);
    seen[ids[0]] = mark;
  }
}

typedef struct split {
  uint8_t part[300000]; /* of every numbered document: 'T', 'V'; 0: it is in none */
  uint64_t validation;  /* documents */
} split;

/* Both subsets of these files, which together are all of them. */
static split *split_of(const char *const *paths, size_t n, double fraction, uint64_t seed) {
  split *s = calloc(1, sizeof *s);
  batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, fraction, seed);
  BatchDataset *all = open_subset(paths, n, NULL), *train = open_subset(paths, n, &o);
  o.subset = BATCH_SUBSET_VALIDATION;
  BatchDataset *validation = open_subset(paths, n, &o);
  note_numbers(train, s->part, 'T');
  note_numbers(validation, s->part, 'V');
  s->validation = batch_dataset_documents(validation);
  cr_assert_eq(batch_dataset_documents(train) + s->validation, batch_dataset_documents(all));
  cr_assert_eq(batch_dataset_tokens(train) + batch_dataset_tokens(validation), batch_dataset_tokens(all));
  batch_dataset_free(all);
  batch_dataset_free(train);
  batch_dataset_free(validation);
  return s;
}

static void assert_same_split(const split *a, const split *b, uint32_t first, uint32_t documents) {
  for (uint32_t d = first; d < first + documents; d++)
    cr_assert(a->part[d] && a->part[d] == b->part[d], "document %u", d);
}

Test(dataset_subset, every_document_is_in_one_of_the_two) {
  const char *paths[] = {write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 1000),
                         write_numbered("b.ds", BATCH_FORMAT_DATATROVE, 1000, 2),
                         write_numbered("c.ds", BATCH_FORMAT_DATATROVE, 1002, 500)};
  static const double fractions[] = {0.002, 0.1, 0.5, 0.999};
  for (size_t f = 0; f < 4; f++)
    for (uint64_t seed = 0; seed < 3; seed++) {
      split *s = split_of(paths, 3, fractions[f], seed);
      for (uint32_t d = 0; d < 1502; d++) cr_assert(s->part[d] == 'T' || s->part[d] == 'V');
      free(s);
    }
}

Test(dataset_subset, the_choice_stays_when_files_are_added_moved_renamed_and_converted) {
  enum { A = 400, B = 300, MORE = 500 };
  const char *a = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, A),
             *b = write_numbered("b.ds", BATCH_FORMAT_DATATROVE, A, B),
             *more = write_numbered("more.ds", BATCH_FORMAT_DATATROVE, A + B, MORE),
             *megatron = write_numbered("other_name.bin", BATCH_FORMAT_MEGATRON, 0, A);
  split *first = split_of((const char *[]){a, b}, 2, 0.3, 7);
  const char *others[][3] = {{b, a, NULL}, {more, a, b}, {b, more, megatron}, {megatron, b, NULL}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    split *s = split_of(others[i], others[i][2] ? 3 : 2, 0.3, 7);
    assert_same_split(first, s, 0, A + B);
    free(s);
  }
  split *alone = split_of((const char *[]){a}, 1, 0.3, 7),
        *seeded = split_of((const char *[]){a, b}, 2, 0.3, 8);
  assert_same_split(first, alone, 0, A);
  cr_assert(memcmp(first->part, seeded->part, A + B) != 0, "another seed chooses the same");
  cr_assert(memcmp(first->part, first->part + A, B) != 0, "files of other tokens are divided alike");
  free(first);
  free(alone);
  free(seeded);
}

Test(dataset_subset, documents_of_a_smaller_validation_part_are_in_a_larger_one) {
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 2000);
  split *small = split_of(&path, 1, 0.05, 3), *large = split_of(&path, 1, 0.2, 3);
  for (uint32_t d = 0; d < 2000; d++) cr_assert(small->part[d] == 'T' || large->part[d] == 'V');
  free(small);
  free(large);
}

/* Six standard deviations of so many draws: a choice that is as good as chance is further off once in 5 * 10^8. */
static void assert_near(uint64_t found, uint64_t of, double fraction) {
  double expected = (double)of * fraction, deviation = sqrt(expected * (1 - fraction));
  cr_assert(fabs((double)found - expected) <= 6 * deviation, "%llu of %llu for %g", (unsigned long long)found,
            (unsigned long long)of, fraction);
}

Test(dataset_subset, about_the_fraction_is_chosen) {
  enum { DOCUMENTS = 100000 };
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, DOCUMENTS);
  static const double fractions[] = {0.001, 0.01, 0.1, 0.5, 0.9};
  uint64_t same = 0;
  for (size_t i = 0; i < 5; i++) {
    split *s = split_of(&path, 1, fractions[i], i);
    assert_near(s->validation, DOCUMENTS, fractions[i]);
    for (uint32_t d = 1; d < DOCUMENTS && i == 3; d++) same += s->part[d] == s->part[d - 1];
    free(s);
  }
  assert_near(same, DOCUMENTS - 1, 0.5); /* neighbours know nothing of each other */
}

Test(dataset_subset, files_of_the_same_tokens_are_divided_alike) {
  enum { DOCUMENTS = 200 };
  const char *paths[] = {write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, DOCUMENTS),
                         write_numbered("b.ds", BATCH_FORMAT_DATATROVE, 0, DOCUMENTS)};
  batch_dataset_options o = subset_of(BATCH_SUBSET_VALIDATION, 0.3, 1);
  BatchDataset *made = open_subset(paths, 2, &o);
  batch_dataset_file first = BATCH_DATASET_FILE_INIT, second = BATCH_DATASET_FILE_INIT;
  cr_assert(batch_dataset_get_file(made, 0, &first) && batch_dataset_get_file(made, 1, &second));
  cr_assert(first.documents > 0 && first.documents == second.documents && first.tokens == second.tokens);
  cr_assert(first.first_token == 0 && second.first_token == first.tokens);
  for (uint64_t i = 0; i < first.tokens; i++) {
    int32_t id[2];
    cr_assert(batch_dataset_read(made, i, 1, &id[0]) &&
              batch_dataset_read(made, first.tokens + i, 1, &id[1]));
    cr_assert_eq(id[0], id[1]);
  }
  batch_dataset_free(made);
}

/* u32 tokens, each its own number. */
static const char *write_counting(const char *name, uint32_t count) {
  uint32_t *tokens = malloc(count * sizeof *tokens);
  for (uint32_t i = 0; i < count; i++) tokens[i] = i;
  const char *path = write_data(name, tokens, count * sizeof *tokens);
  free(tokens);
  return path;
}

/* Every block of the file is in one of the subsets, whole; `found` counts those of the validation part. */
static void assert_blocks(const char *path, uint32_t count, const batch_dataset_options *given,
                          uint64_t *found) {
  uint8_t *seen = calloc(count / BLOCK + 1, 1);
  batch_dataset_options o = *given;
  uint64_t documents[3] = {0}, tokens = 0;
  for (o.subset = BATCH_SUBSET_TRAIN; o.subset <= BATCH_SUBSET_VALIDATION; o.subset++) {
    BatchDataset *made = open_subset(&path, 1, &o);
    documents[o.subset] = batch_dataset_documents(made);
    tokens += batch_dataset_tokens(made);
    for (uint64_t d = 0, start, end; d < documents[o.subset]; d++) {
      static int32_t ids[BLOCK];
      cr_assert(batch_dataset_document(made, d, &start, &end));
      cr_assert(batch_dataset_read(made, start, (size_t)(end - start), ids));
      uint32_t block = (uint32_t)ids[0] / BLOCK, length = count - block * BLOCK;
      cr_assert(ids[0] % BLOCK == 0 && end - start == (length < BLOCK ? length : BLOCK) && !seen[block]);
      for (uint32_t i = 0; i < end - start; i++) cr_assert_eq((uint32_t)ids[i], block * BLOCK + i);
      seen[block] = 1;
    }
    batch_dataset_free(made);
  }
  cr_assert_eq(tokens, count);
  cr_assert_eq(documents[1] + documents[2], (count - 1) / BLOCK + 1);
  *found = documents[BATCH_SUBSET_VALIDATION];
  free(seen);
}

Test(dataset_subset, files_without_boundaries_are_divided_by_blocks) {
  static const uint32_t counts[] = {500 * BLOCK, 500 * BLOCK + 1, 500 * BLOCK - 1};
  batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, 0.25, 2);
  uint64_t found;
  for (size_t i = 0; i < 3; i++) {
    assert_blocks(write_counting("a.u32", counts[i]), counts[i], &o, &found);
    assert_near(found, 501, 0.25);
  }
}

Test(dataset_subset, a_file_that_is_one_document_is_divided_by_blocks) {
  enum { COUNT = 100 * BLOCK + 5 };
  batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, 0.4, 2);
  uint64_t found[2];
  write_counting("a.u32", COUNT);
  assert_blocks(path_of("a.u32"), COUNT, &o, &found[0]);
  write_counting("b.ds", COUNT);
  write_data("b.ds.index", (uint64_t[]){COUNT}, 8);
  assert_blocks(path_of("b.ds"), COUNT, &o, &found[1]);
  cr_assert_eq(found[0], found[1]);
  o.separator = BATCH_SEPARATOR_AFTER; /* found nowhere but at the end */
  o.end_of_text = COUNT - 1;
  assert_blocks(path_of("a.u32"), COUNT, &o, &found[1]);
  cr_assert_eq(found[0], found[1]);
}

Test(dataset_subset, packing_needs_documents_that_are_more_than_blocks) {
  batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, 0.5, 2);
  BatchDataset *made = open_dataset(write_counting("a.u32", 50 * BLOCK), &o);
  batch_loader_options l = small_options();
  l.vocab_size = 0;
  l.packing = BATCH_PACK_BEST_FIT;
  assert_refused(!batch_loader_create(made, &l), BATCH_ERROR_INVALID_ARGUMENT, "a.u32",
                 "no document boundaries are known");
  l.packing = BATCH_PACK_WINDOWS;
  batch_loader_free(start_loader(made, &l));
  batch_dataset_free(made);
}

/* The subset as files of its own: tokens, documents and loss mask, read one by one. */
static BatchDataset *copy_of(const BatchDataset *made, const char *name, bool documents) {
  uint64_t tokens = batch_dataset_tokens(made), count = documents ? batch_dataset_documents(made) : 0, start;
  int32_t *ids = malloc(tokens * sizeof *ids);
  uint64_t *ends = malloc((count + 1) * sizeof *ends);
  uint8_t *loss = malloc(tokens);
  char companion[64];
  cr_assert(batch_dataset_read(made, 0, tokens, ids) && batch_dataset_read_loss(made, 0, tokens, loss));
  for (uint64_t d = 0; d < count; d++) cr_assert(batch_dataset_document(made, d, &start, &ends[d]));
  const char *path = write_data(name, ids, tokens * sizeof *ids);
  snprintf(companion, sizeof companion, "%s.index", name);
  if (count > 0) write_data(companion, ends, count * sizeof *ends);
  snprintf(companion, sizeof companion, "%s.loss", name);
  write_data(companion, loss, tokens);
  free(ids);
  free(ends);
  free(loss);
  return open_dataset(path, NULL);
}

static void assert_same_reads(const BatchDataset *a, const BatchDataset *b) {
  uint64_t tokens = batch_dataset_tokens(a), numbers = 11;
  int64_t range[4];
  int32_t of_a[64], of_b[64];
  uint8_t loss_a[64], loss_b[64];
  cr_assert(tokens == batch_dataset_tokens(b) && fingerprint_of(a) == fingerprint_of(b));
  cr_assert(batch_dataset_id_range(a, &range[0], &range[1]) &&
            batch_dataset_id_range(b, &range[2], &range[3]));
  cr_assert(range[0] == range[2] && range[1] == range[3]);
  for (int i = 0; i < 2000; i++) {
    uint32_t count = 1 + random_below(&numbers, 64);
    uint64_t start = random_below(&numbers, (uint32_t)(tokens - count + 1));
    cr_assert(batch_dataset_read(a, start, count, of_a) && batch_dataset_read(b, start, count, of_b));
    cr_assert(batch_dataset_read_loss(a, start, count, loss_a) &&
              batch_dataset_read_loss(b, start, count, loss_b));
    cr_assert_arr_eq(of_a, of_b, count * sizeof *of_a);
    cr_assert_arr_eq(loss_a, loss_b, count);
  }
}

/* Loaders of a subset and of a file of its tokens give the same, in every packing. */
static void assert_as_copied(const BatchDataset *made, const char *name, bool documents) {
  BatchDataset *copy = copy_of(made, name, documents);
  batch_loader_options o = small_options();
  o.vocab_size = 0;
  o.sequence_length = 24;
  o.with_documents = true;
  assert_same_reads(made, copy);
  for (o.packing = BATCH_PACK_WINDOWS; o.packing <= (documents ? BATCH_PACK_BEST_FIT : BATCH_PACK_WINDOWS);
       o.packing++)
    for (o.shuffle = BATCH_SHUFFLE_ALL; o.shuffle <= BATCH_SHUFFLE_NONE; o.shuffle++)
      assert_same_batches(made, copy, &o);
  batch_dataset_free(copy);
}

/* Two files of numbered documents, one with a loss mask. */
static const char **write_masked(void) {
  static const char *paths[2];
  paths[0] = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 600);
  paths[1] = write_numbered("b.bin", BATCH_FORMAT_MEGATRON, 600, 300);
  BatchDataset *all = open_dataset(paths[1], NULL);
  uint64_t count = batch_dataset_tokens(all), numbers = 3;
  uint8_t *bits = malloc(count / 8 + 1);
  for (uint64_t i = 0; i < count / 8 + 1; i++) bits[i] = (uint8_t)random_below(&numbers, 256);
  write_data("b.bin.loss", bits, (count + 7) / 8);
  free(bits);
  batch_dataset_free(all);
  return paths;
}

Test(dataset_subset, it_is_what_a_file_of_its_documents_is) {
  const char **paths = write_masked();
  static const double fractions[] = {0.03, 0.5};
  for (size_t f = 0; f < 2; f++)
    for (int subset = BATCH_SUBSET_TRAIN; subset <= BATCH_SUBSET_VALIDATION; subset++)
      for (int io = BATCH_IO_MAP; io <= BATCH_IO_READ; io++) {
        batch_dataset_options o = subset_of((batch_subset)subset, fractions[f], 4);
        o.io = (batch_io)io;
        BatchDataset *made = open_subset(paths, 2, &o);
        assert_as_copied(made, "copy.ds", true);
        batch_dataset_free(made);
      }
}

Test(dataset_subset, without_boundaries_it_is_what_a_file_of_its_blocks_is) {
  const char *path = write_counting("a.u32", 60 * BLOCK + 77);
  for (int subset = BATCH_SUBSET_TRAIN; subset <= BATCH_SUBSET_VALIDATION; subset++) {
    batch_dataset_options o = subset_of((batch_subset)subset, 0.4, 4);
    BatchDataset *made = open_dataset(path, &o), *copy = copy_of(made, "copy.u32", false);
    batch_loader_options l = small_options();
    l.vocab_size = 0;
    assert_same_reads(made, copy);
    assert_same_batches(made, copy, &l);
    batch_dataset_free(made);
    batch_dataset_free(copy);
  }
}

Test(dataset_subset, tokenized_text_is_divided_too) {
  bytes lines = {0}, text = {0};
  char line[64];
  for (int i = 0; i < 300; i++) {
    snprintf(line, sizeof line, "{\"text\":\"document %d%s\"}\n", i, i % 3 ? " of some words" : "");
    put_text(&lines, line);
  }
  for (int i = 0; i < 20000; i++) put_u8(&text, (uint8_t)('a' + i % 23));
  const char *paths[] = {write_bytes("a.jsonl", &lines), write_bytes("b.txt", &text)};
  batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, 0.3, 1);
  for (int separator = BATCH_SEPARATOR_NONE; separator <= BATCH_SEPARATOR_AFTER; separator++)
    for (size_t first = 0; first < 2; first++) {
      uint64_t tokens = 0, documents = 0;
      o.separator = (batch_separator)separator;
      o.end_of_text = 256;
      for (o.subset = BATCH_SUBSET_TRAIN; o.subset <= BATCH_SUBSET_VALIDATION; o.subset++) {
        BatchDataset *made = open_subset(paths + first, 2 - first, &o);
        tokens += batch_dataset_tokens(made);
        documents += batch_dataset_documents(made);
        assert_as_copied(made, "copy.ds", true);
        batch_dataset_free(made);
      }
      o.subset = BATCH_SUBSET_ALL;
      BatchDataset *all = open_subset(paths + first, 2 - first, &o);
      cr_assert_eq(tokens, batch_dataset_tokens(all));
      cr_assert_eq(documents, (first == 0 ? 300 : 0) + 20000 / BLOCK + 1);
      batch_dataset_free(all);
    }
}

Test(dataset_subset, spans_that_are_not_learnt_go_with_their_documents) {
  bytes lines = {0};
  char line[96];
  for (int i = 0; i < 300; i++) {
    snprintf(line, sizeof line, "{\"prompt\":\"question %d\",\"completion\":\"answer%s\"}\n", i,
             i % 3 ? "" : " at length");
    put_text(&lines, line);
  }
  batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
  spans.kind = BATCH_SPANS_PROMPT;
  const char *path = write_bytes("a.jsonl", &lines);
  for (int subset = BATCH_SUBSET_TRAIN; subset <= BATCH_SUBSET_VALIDATION; subset++) {
    batch_dataset_options o = subset_of((batch_subset)subset, 0.3, 1);
    o.spans = &spans;
    BatchDataset *made = open_dataset(path, &o);
    cr_assert(batch_dataset_has_loss(made));
    assert_as_copied(made, "copy.ds", true);
    for (uint64_t d = 0, start, end; d < batch_dataset_documents(made); d++) {
      uint8_t loss[64];
      int32_t ids[64];
      cr_assert(batch_dataset_document(made, d, &start, &end) && end - start <= 64);
      cr_assert(batch_dataset_read_loss(made, start, end - start, loss) &&
                batch_dataset_read(made, start, end - start, ids));
      for (uint64_t i = 0, learnt = 0; i < end - start; i++)
        cr_assert_eq(loss[i], learnt |= ids[i] == 'a'); /* "question" has none */
    }
    batch_dataset_free(made);
    o.loss = BATCH_LOSS_NONE;
    made = open_dataset(path, &o);
    cr_assert_not(batch_dataset_has_loss(made));
    batch_dataset_free(made);
  }
}

Test(dataset_subset, memory_is_divided_as_a_file) {
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 500);
  bytes tokens = read_bytes(path), ends = read_bytes(path_of("a.ds.index"));
  batch_memory m = BATCH_MEMORY_INIT;
  m.tokens = tokens.data;
  m.count = tokens.used / 4;
  m.token_type = BATCH_TOKEN_U32;
  m.document_ends = (const uint64_t *)(const void *)ends.data;
  m.documents = ends.used / 8;
  for (int subset = BATCH_SUBSET_TRAIN; subset <= BATCH_SUBSET_VALIDATION; subset++) {
    batch_dataset_options o = subset_of((batch_subset)subset, 0.2, 9);
    BatchDataset *of_file = open_dataset(path, &o), *made = batch_dataset_from_memory(&m, &o);
    cr_assert_not_null(made, "%s", batch_last_error()->message);
    assert_same_reads(made, of_file);
    cr_assert_eq(batch_dataset_documents(made), batch_dataset_documents(of_file));
    assert_as_copied(made, "copy.ds", true);
    batch_dataset_free(of_file);
    batch_dataset_free(made);
  }
  free_bytes(&tokens);
  free_bytes(&ends);
}

Test(dataset_subset, a_bad_id_is_named_with_its_place_in_the_file) {
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 300);
  batch_dataset_options o = subset_of(BATCH_SUBSET_VALIDATION, 0.2, 9);
  BatchDataset *made = open_dataset(path, &o), *all = open_dataset(path, NULL);
  uint64_t start, end, place = 0;
  int32_t last, id = -1;
  char byte[40], token[40];
  cr_assert(batch_dataset_document(made, batch_dataset_documents(made) - 1, &start, &end));
  cr_assert(batch_dataset_read(made, start, 1, &last));
  for (; id != last; place++) cr_assert(batch_dataset_read(all, place, 1, &id));
  snprintf(byte, sizeof byte, "byte %llu", 4 * (unsigned long long)(place - 1));
  snprintf(token, sizeof token, "token %llu", (unsigned long long)(place - 1));
  batch_loader_options l = small_options();
  l.vocab_size = (uint32_t)last;
  l.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start_loader(made, &l);
  Batch *batch;
  while ((batch = batch_loader_next(loader))) batch_release(batch);
  assert_error(BATCH_ERROR_OUT_OF_RANGE, path, byte, token);
  batch_loader_free(loader);
  batch_dataset_free(made);
  batch_dataset_free(all);
}

Test(dataset_subset, what_cannot_be_is_refused) {
  static const double wrong[] = {0, 1, -0.5, 2, NAN, INFINITY};
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 10);
  batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, 0, 0);
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    o.validation_fraction = wrong[i];
    assert_not_opened(path, &o, BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_open: validation_fraction is ",
                      "expected more than 0 and less than 1");
  }
  o.validation_fraction = 1e-300;
  batch_dataset_free(open_dataset(path, &o));
  o.subset = BATCH_SUBSET_VALIDATION;
  assert_not_opened(path, &o, BATCH_ERROR_INVALID_ARGUMENT, "no tokens in the validation subset",
                    "validation_fraction (--fraction) is 1e-300", "of 10 documents");
  o.validation_fraction = 1 - 0x1p-53;
  o.subset = BATCH_SUBSET_TRAIN;
  assert_not_opened(path, &o, BATCH_ERROR_INVALID_ARGUMENT, "no tokens in the train subset",
                    "of 10 documents");
  o.subset = (batch_subset)3;
  assert_not_opened(path, &o, BATCH_ERROR_INVALID_ARGUMENT, "subset is 3, expected 0 to 2");
  o = subset_of(BATCH_SUBSET_ALL, 7, 0);
  batch_dataset_free(open_dataset(path, &o));
  assert_not_opened(write_data("empty.bin", "", 0), &o, BATCH_ERROR_FORMAT, "no tokens in the 1 file");
  o = subset_of(BATCH_SUBSET_TRAIN, 0.5, 0);
  assert_not_opened(path_of("empty.bin"), &o, BATCH_ERROR_FORMAT, "no tokens in the 1 file");
}

Test(dataset_subset, an_index_that_shrinks_is_an_error) {
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, 2000);
  batch_dataset_options o = subset_of(BATCH_SUBSET_VALIDATION, 0.5, 0);
  BatchDataset *made = open_dataset(path, &o);
  uint64_t start, end;
  cr_assert_eq(truncate(path_of("a.ds.index"), 8000), 0);
  assert_refused(!batch_dataset_document(made, 0, &start, &end), BATCH_ERROR_IO, "a.ds (its index)");
  batch_dataset_free(made);
}

/* What is drawn is known by places of the index: when those say something else, documents lie elsewhere, but in the stream. */
Test(dataset_subset, an_index_that_is_overwritten_leaves_documents_inside) {
  enum { DOCUMENTS = 60 };
  const char *path = write_numbered("a.ds", BATCH_FORMAT_DATATROVE, 0, DOCUMENTS);
  uint64_t numbers = 11, ends[DOCUMENTS - 1];
  for (int which = 0; which < 3; which++) {
    batch_dataset_options o = subset_of(BATCH_SUBSET_TRAIN, 0.5, 1);
    BatchDataset *train = open_subset(&path, 1, &o);
    uint64_t tokens = batch_dataset_tokens(train), documents = batch_dataset_documents(train);
    FILE *index = fopen(path_of("a.ds.index"), "r+");
    cr_assert_not_null(index);
    for (int i = 0; i < DOCUMENTS - 1; i++)
      ends[i] = which == 0 ? 0 : which == 1 ? UINT64_MAX : random_below(&numbers, 2 * tokens);
    uint64_t before[DOCUMENTS - 1];
    cr_assert_eq(fread(before, sizeof before, 1, index), 1);
    rewind(index);
    cr_assert_eq(fwrite(ends, sizeof ends, 1, index), 1);
    cr_assert_eq(fflush(index), 0);
    for (uint64_t d = 0; d < documents; d++) {
      uint64_t start, end;
      cr_assert(batch_dataset_document(train, d, &start, &end), "%s", batch_last_error()->message);
      cr_assert(start <= end && end <= tokens, "document %ju lies at %ju to %ju of %ju", (uintmax_t)d,
                (uintmax_t)start, (uintmax_t)end, (uintmax_t)tokens);
    }
    rewind(index);
    cr_assert_eq(fwrite(before, sizeof before, 1, index), 1);
    cr_assert_eq(fclose(index), 0);
    batch_dataset_free(train);
  }
}
