/* Several workers give what one gives: ids, ends of documents, errors, in every format with every option. */
#include "support/dataset_check.h"
#include "support/gathered.h"
#include "support/packages.h"

#include "text/encode.h"

#include <stdlib.h>

TestSuite(text_workers, .init = files_begin, .fini = files_end);

/* Returns whether it ended well. */
static bool assert_same_for_any_number(const text_file *file, const batch_dataset_options *options) {
  static const uint32_t numbers[] = {2, 3, 8};
  batch_dataset_options mine = *options;
  gathered alone = {0};
  mine.workers = 1;
  encode(file, &mine, &alone);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    gathered many = {0};
    mine.workers = numbers[i];
    encode(file, &mine, &many);
    cr_assert_str_eq(many.message, alone.message, "%s with %u workers", file->path, numbers[i]);
    cr_assert_eq(many.given.used, alone.given.used, "%s with %u workers: %zu bytes instead of %zu",
                 file->path, numbers[i], many.given.used, alone.given.used);
    cr_assert(begins_with(&alone.given, &many.given), "%s with %u workers", file->path, numbers[i]);
    cr_assert_eq(many.last_bytes, alone.last_bytes);
    cr_assert_eq(many.bad_lines, alone.bad_lines);
    free_bytes(&many.given);
  }
  free_bytes(&alone.given);
  return alone.good;
}

typedef struct texts {
  text_file files[6];
  size_t count;
} texts;

static void add(texts *t, const char *given, bool jsonl) {
  static const char *const by[2][2] = {{"gzip -kf", ".gz"}, {"zstd -qf", ".zst"}};
  char *path = strdup(given);
  t->files[t->count++] = (text_file){path, -1, jsonl, false};
  for (size_t i = 0; i < 2; i++) {
    char command[700], name[300];
    snprintf(command, sizeof command, "%s '%s'", by[i][0], path);
    snprintf(name, sizeof name, "%s%s", path, by[i][1]);
    if (run_program((const char *[]){"sh", "-c", command, NULL}) == 0)
      t->files[t->count++] = (text_file){strdup(name), -1, jsonl, true};
  }
}

static texts make_texts(void) {
  texts t = {0};
  bytes text = random_text(&seed, 30000, true), lines = random_lines(150);
  add(&t, write_bytes("a.txt", &text), false);
  add(&t, write_bytes("a.jsonl", &lines), true);
  return t;
}

static void free_texts(texts *t) {
  for (size_t i = 0; i < t->count; i++) free((char *)(uintptr_t)t->files[i].path);
}

/* Options by number: all combinations that text knows, one after the other. */
enum { COMBINATIONS = 3 * 3 * 2 * 2 * 3 * 2 };

static void set_options(unsigned o, batch_dataset_options *options, batch_text_options *how) {
  how->malformed = (batch_malformed)(o % 3);
  how->normal_form = (batch_normal_form)(o / 3 % 3);
  how->fold_case = o / 9 % 2;
  how->squeeze_space = o / 18 % 2;
  options->separator = (batch_separator)(o / 36 % 3);
  options->on_bad_line = (batch_bad_line)(o / 108 % 2);
  options->end_of_text = 300;
  options->text = how;
}

Test(text_workers, ids_and_errors_are_the_same_for_any_number_in_every_format_with_every_option) {
  need_package(PACKAGE_UTF8PROC);
  need_package(PACKAGE_ZLIB);
  need_package(PACKAGE_ZSTD);
  texts t = make_texts();
  unsigned good = 0, bad = 0;
  text_job_step = 700;
  for (unsigned o = 0; o < COMBINATIONS; o += CHECK_ONE_IN) {
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
    set_options(o, &options, &how);
    bool well = assert_same_for_any_number(&t.files[o % t.count], &options);
    *(well ? &good : &bad) += 1;
  }
  cr_assert(good > 20 / CHECK_ONE_IN && bad > 20 / CHECK_ONE_IN, "%u ended well, %u with an error", good,
            bad);
  free_texts(&t);
}

Test(text_workers, the_longest_document_is_the_same_for_any_number) {
  texts t = make_texts();
  text_job_step = 700;
  for (size_t longest = 10; longest < 5000; longest = longest * 3 / 2)
    for (unsigned skip = 0; skip < 2; skip++) {
      batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
      options.longest_document = longest;
      options.on_bad_line = (batch_bad_line)skip;
      for (size_t i = 0; i < t.count; i++) assert_same_for_any_number(&t.files[i], &options);
    }
  free_texts(&t);
}

Test(text_workers, a_compressed_file_that_breaks_off_gives_what_is_whole_before) {
  need_package(PACKAGE_ZLIB);
  bytes lines = random_lines(150);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  texts t = {0};
  add(&t, write_bytes("a.jsonl", &lines), true);
  text_job_step = 500;
  cr_assert(t.count > 1 && t.files[1].compressed);
  bytes packed = read_bytes(t.files[1].path);
  for (size_t cut = 20; cut < packed.used; cut += packed.used / 7) {
    bytes part = {0};
    put(&part, packed.data, cut);
    const text_file file = {write_bytes("b.jsonl.gz", &part), -1, true, true};
    cr_assert(!assert_same_for_any_number(&file, &options));
  }
  free_bytes(&packed);
  free_texts(&t);
}

Test(text_workers, documents_stay_in_order_whoever_takes_longer) {
  slow s = {.caller = pthread_self()};
  bytes lines = random_lines(400);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = custom(slow_encode, &s);
  options.tokenizer = tokenizer;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  text_job_step = 500;
  const text_file file = {write_bytes("a.jsonl", &lines), -1, true, false};
  cr_assert(assert_same_for_any_number(&file, &options));
  cr_assert_gt(s.elsewhere, 0, "no worker was asked");
  batch_tokenizer_free(tokenizer);
}

Test(text_workers, more_workers_than_there_may_be_are_refused) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.workers = 4097;
  assert_not_opened(write_text("a.jsonl", "{\"text\":\"\"}"), &options, BATCH_ERROR_INVALID_ARGUMENT,
                    "batch_dataset_open", "workers", "4097", "4096");
}
