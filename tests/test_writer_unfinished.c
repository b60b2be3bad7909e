/* What is kept of an unfinished run: what goes on with it, what is refused and why, and that nothing damaged is
   believed. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mix.h"
#include "support/check.h"
#include "support/files.h"
#include "support/runs.h"

TestSuite(writer_unfinished, .init = runs_begin, .fini = runs_end);

/* Stops a run before document n; what it was told before. */
typedef struct stopping {
  uint64_t at;
  batch_tokenize_progress first, last;
  unsigned calls;
} stopping;

static bool stop_at(void *context, const batch_tokenize_progress *progress) {
  stopping *s = context;
  if (s->calls++ == 0) s->first = *progress;
  s->last = *progress;
  return progress->documents < s->at;
}

/* A run that was stopped behind some documents of d.jsonl: four shards are kept. */
enum { STOPPED_AT = 9, SHARDS = 4 };

static void stop(const test_run *like) {
  stopping s = {.at = STOPPED_AT};
  test_run r = *like;
  r.callback = stop_at;
  r.context = &s;
  BatchWriter *writer = run_create(&r);
  cr_assert_not_null(writer, "%s", batch_last_error()->message);
  cr_assert_eq(run_tokenize(&r, writer), BATCH_CLOSED, "%s", batch_last_error()->message);
  cr_assert_eq(batch_writer_files(writer), SHARDS, "%d", (int)batch_writer_files(writer));
  batch_writer_free(writer);
  cr_assert(runs_is_there(run_record(&r)));
}

static test_run stopped(void) {
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  run_make_reference(&r);
  stop(&r);
  r.continue_run = true;
  return r;
}

#define assert_not_gone_on(r, status, ...)                                                                   \
  do {                                                                                                       \
    size_t before_ = run_entries("out", r);                                                                  \
    assert_refused(!run_go(r), status, __VA_ARGS__);                                                         \
    cr_assert_eq(run_entries("out", r), before_);                                                            \
  } while (0)

Test(writer_unfinished, without_an_earlier_run_it_begins) {
  test_run r = run_usual(BATCH_FORMAT_MEGATRON);
  run_make_reference(&r);
  assert_run_goes_on(&r, "nothing there", 0);
}

Test(writer_unfinished, a_single_file_is_begun_anew) {
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  r.shard_tokens = 0;
  r.continue_run = true;
  cr_assert(run_go(&r), "%s", batch_last_error()->message);
  assert_not_gone_on(&r, BATCH_ERROR_IO, "t.bin", "exists");
}

Test(writer_unfinished, a_finished_run_is_not_gone_on_with) {
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  r.continue_run = true;
  cr_assert(run_go(&r), "%s", batch_last_error()->message);
  assert_not_gone_on(&r, BATCH_ERROR_IO, "t_000001.bin", "exists");
}

Test(writer_unfinished, what_was_done_counts) {
  stopping s = {.at = UINT64_MAX};
  test_run r = stopped();
  uint64_t total = 0;
  for (int i = 0; i < RUN_INPUTS; i++) {
    struct stat status;
    cr_assert_eq(stat(runs_path(run_inputs[i]), &status), 0);
    total += (uint64_t)status.st_size;
  }
  r.callback = stop_at;
  r.context = &s;
  BatchWriter *writer = run_create(&r);
  cr_assert_eq(batch_writer_files(writer), SHARDS);
  uint64_t tokens = batch_writer_tokens(writer), documents = batch_writer_documents(writer);
  cr_assert(tokens > 12 * (SHARDS - 1) && documents >= SHARDS && documents < STOPPED_AT);
  cr_assert_eq(run_tokenize(&r, writer), BATCH_OK, "%s", batch_last_error()->message);
  cr_assert_gt(s.first.bytes, total / 3);
  cr_assert(s.last.bytes == total && s.last.total_bytes == total);
  cr_assert_eq(s.last.documents, 11);
  cr_assert_eq(s.last.bad_lines, 4);
  cr_assert(batch_writer_finish(writer), "%s", batch_last_error()->message);
  cr_assert_eq(batch_writer_documents(writer), 11);
  batch_writer_free(writer);
  assert_as_reference(&r, "stopped", 0);
}

/* A single file, gone on with in its middle: what lies before is no work of the second run. */
Test(writer_unfinished, what_was_done_of_the_file_at_hand_counts_from_the_first_report_on) {
  enum { LINES = 40 };
  static const char *const inputs[] = {"lines.jsonl"};
  static const char line[] = "{\"text\": \"twelve bytes\"}\n";
  stopping s = {.at = LINES - 2};
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  char text[LINES * sizeof line] = "";
  for (int i = 0; i < LINES; i++) strcat(text, line);
  runs_write(inputs[0], text);
  r.inputs = inputs;
  r.count = 1;
  r.dataset.on_bad_line = BATCH_BAD_LINE_STOP;
  r.continue_run = true;
  r.callback = stop_at;
  r.context = &s;
  cr_assert_not(run_go(&r));
  s = (stopping){.at = UINT64_MAX};
  cr_assert(run_go(&r), "%s", batch_last_error()->message);
  cr_assert_lt(s.first.tokens, s.last.tokens);
  cr_assert_eq(s.first.bytes, (sizeof line - 1) * s.first.documents, "%d bytes, %d documents",
               (int)s.first.bytes, (int)s.first.documents);
  cr_assert_eq(s.last.bytes, LINES * (sizeof line - 1));
}

Test(writer_unfinished, stopped_after_every_document_a_run_comes_to_its_end) {
  test_run r = run_usual(BATCH_FORMAT_MEGATRON);
  run_make_reference(&r);
  r.continue_run = true;
  for (uint64_t at = 1; at <= 11; at++) {
    stopping s = {.at = at};
    r.callback = stop_at;
    r.context = &s;
    BatchWriter *writer = run_create(&r);
    cr_assert_eq(run_tokenize(&r, writer), BATCH_CLOSED, "%s", batch_last_error()->message);
    batch_writer_free(writer);
  }
  r.callback = NULL;
  assert_run_goes_on(&r, "stopped", 11);
}

Test(writer_unfinished, what_is_there_is_not_replaced_without_a_word) {
  test_run r = stopped(), plain = r;
  plain.continue_run = false;
  assert_not_gone_on(&plain, BATCH_ERROR_IO, "t_000001.bin", "exists", "not finished", "--continue",
                     "--force");
  assert_run_goes_on(&r, "refused between", 0);
}

Test(writer_unfinished, what_replaces_it_forgets_it) {
  test_run r = stopped(), other = r;
  other.continue_run = false;
  other.overwrite = true;
  other.shard_tokens = 1;
  run_make_reference(&other);
  cr_assert(run_go(&other), "%s", batch_last_error()->message);
  assert_as_reference(&other, "replaced", 0);
}

Test(writer_unfinished, what_would_have_replaced_it_and_was_stopped_leaves_it) {
  test_run r = stopped(), other = r;
  stopping s = {.at = 3};
  other.continue_run = false;
  other.overwrite = true;
  other.callback = stop_at;
  other.context = &s;
  cr_assert_not(run_go(&other));
  assert_run_goes_on(&r, "not replaced", 0);
}

Test(writer_unfinished, replacing_and_going_on_exclude_one_another) {
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  r.continue_run = r.overwrite = true;
  assert_refused(!run_go(&r), BATCH_ERROR_INVALID_ARGUMENT, "batch_writer_create", "continue_run",
                 "overwrite");
}

/* Other options. */

static test_run differing(const test_run *r, const char *what) {
  test_run other = *r;
  if (strcmp(what, "shard_tokens") == 0) other.shard_tokens = 13;
  if (strcmp(what, "format") == 0) other.format = BATCH_FORMAT_MEGATRON;
  if (strcmp(what, "separator") == 0) other.dataset.separator = BATCH_SEPARATOR_BEFORE;
  if (strcmp(what, "end_of_text") == 0) other.dataset.end_of_text = 255;
  if (strcmp(what, "text_field") == 0) other.dataset.text_field = "content";
  if (strcmp(what, "one file") == 0) other.shard_tokens = 0;
  return other;
}

Test(writer_unfinished, another_option_is_refused_by_its_name) {
  test_run r = stopped(), other;
  other = differing(&r, "shard_tokens");
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "t.bin", "--shard-tokens", "13", "12", "--force");
  other = differing(&r, "one file");
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "t.bin", "--shard-tokens", " 0,", "12");
  other = differing(&r, "format");
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "(--to) is Megatron", "llm.c GPT-2");
  other = differing(&r, "separator");
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--separator", "before", "after");
  other = differing(&r, "end_of_text");
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--end-of-text", "255", "256");
  other = differing(&r, "text_field");
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--field", "content", "text");
  assert_run_goes_on(&r, "refused between", 0);
}

Test(writer_unfinished, another_option_of_spans_is_refused_by_its_name) {
  test_run r = stopped(), other = r;
  batch_span_options spans = BATCH_SPAN_OPTIONS_INIT;
  other.dataset.spans = &spans;
  spans.train_field = "learn";
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--train-field", "learn", "train");
  spans.train_field = NULL;
  spans.kind = BATCH_SPANS_PROMPT;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--field", "none", "text");
  spans.kind = BATCH_SPANS_MESSAGES;
  other.dataset.text_field = "text";
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--messages", "messages", "text");
  spans.kind = BATCH_SPANS_TEXT;
  spans.train_field = "train"; /* as without it */
  assert_run_goes_on(&other, "the same spans", 0);
}

Test(writer_unfinished, what_was_not_to_be_learnt_counts) {
  test_run r = stopped();
  BatchWriter *writer = run_create(&r);
  cr_assert_eq(batch_writer_masked(writer), strlen("of the first file"));
  batch_writer_free(writer);
}

Test(writer_unfinished, another_text_option_is_refused_by_its_name) {
  test_run r = stopped(), other = r;
  batch_text_options text = BATCH_TEXT_OPTIONS_INIT;
  other.dataset.text = &text;
  text.squeeze_space = true;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--squeeze-space", "1", "0");
  text.squeeze_space = false;
  text.malformed = BATCH_MALFORMED_REPLACE;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--malformed", "is replace", "written with keep");
  text.malformed = BATCH_MALFORMED_KEEP;
  assert_run_goes_on(&other, "the same", 0);
}

static size_t encode(void *context, const char *text, size_t size, int32_t *ids, size_t capacity) {
  const int32_t *add = context;
  for (size_t i = 0; i < size && i < capacity; i++)
    ids[i] = (int32_t)((uint8_t)text[i] + (uint32_t)*add) % 256;
  return size;
}

static size_t decode(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

Test(writer_unfinished, another_tokenizer_is_refused) {
  int32_t add = 1;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(
      &(batch_tokenizer_functions){
          .size = sizeof(batch_tokenizer_functions), .encode = encode, .decode = decode},
      &add, 256, BATCH_NO_TOKEN);
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  r.dataset.tokenizer = tokenizer;
  run_make_reference(&r);
  stop(&r);
  r.continue_run = true;
  add = 2;
  assert_not_gone_on(&r, BATCH_ERROR_INVALID_ARGUMENT, "fingerprint", "--tokenizer");
  r.dataset.tokenizer = NULL;
  assert_not_gone_on(&r, BATCH_ERROR_INVALID_ARGUMENT, "fingerprint", "--tokenizer");
  r.dataset.tokenizer = tokenizer;
  add = 1;
  assert_run_goes_on(&r, "the same", 0);
  batch_tokenizer_free(tokenizer);
}

/* No document has a tab; the text that a tokenizer is told by has one. */
static size_t encode_no_tabs(void *context, const char *text, size_t size, int32_t *ids, size_t capacity) {
  return memchr(text, '\t', size) ? BATCH_TOKENIZER_FAILED : encode(context, text, size, ids, capacity);
}

static BatchTokenizer *make_refusing(int32_t *add, uint32_t vocab_size) {
  return batch_tokenizer_custom(&(batch_tokenizer_functions){.size = sizeof(batch_tokenizer_functions),
                                                             .encode = encode_no_tabs,
                                                             .decode = decode},
                                add, vocab_size, BATCH_NO_TOKEN);
}

Test(writer_unfinished, a_tokenizer_that_refuses_some_text_goes_on_and_leaves_no_error) {
  int32_t add = 1;
  BatchTokenizer *tokenizer = make_refusing(&add, 256), *other = make_refusing(&add, 257);
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  r.dataset.tokenizer = tokenizer;
  run_make_reference(&r);
  stop(&r);
  r.continue_run = true;
  r.dataset.tokenizer = other;
  assert_not_gone_on(&r, BATCH_ERROR_INVALID_ARGUMENT, "fingerprint", "--tokenizer");
  r.dataset.tokenizer = tokenizer;
  check_forget_error();
  assert_run_goes_on(&r, "refusing", 0);
  assert_error(BATCH_ERROR_INVALID_ARGUMENT, "batch_symmetry_group");
  runs_empty("out");
  batch_clear_error();
  assert_run_goes_on(&r, "begun anew", 0);
  cr_assert_eq(batch_last_error()->code, BATCH_OK, "%s", batch_last_error()->message);
  batch_tokenizer_free(tokenizer), batch_tokenizer_free(other);
}

/* Other inputs. */

Test(writer_unfinished, a_changed_input_is_refused_by_its_name) {
  struct stat status;
  test_run r = stopped();
  const char *path = runs_path("e.jsonl");
  cr_assert_eq(stat(path, &status), 0);
  struct timespec times[2] = {status.st_atim, status.st_mtim};
  times[1].tv_sec += 1;
  cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
  assert_not_gone_on(&r, BATCH_ERROR_INVALID_ARGUMENT, "e.jsonl", "changed");
  cr_assert_eq(truncate(path, status.st_size - 1), 0);
  times[1].tv_sec -= 1;
  cr_assert_eq(utimensat(AT_FDCWD, path, times, 0), 0);
  assert_not_gone_on(&r, BATCH_ERROR_INVALID_ARGUMENT, "e.jsonl", "changed");
}

Test(writer_unfinished, other_inputs_are_refused) {
  static const char *const turned[] = {"a.jsonl", "b.txt", "c.txt", "e.jsonl", "d.jsonl"};
  test_run r = stopped(), other = r;
  other.inputs = turned;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "the input is", "e.jsonl", "expected", "d.jsonl");
  other.inputs = run_inputs;
  other.count = RUN_INPUTS - 1;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "number of inputs is 4", "expected 5");
  assert_run_goes_on(&r, "refused between", 0);
}

/* What only stopped the run, or would have, may be wider. */

Test(writer_unfinished, a_limit_that_stopped_a_run_may_be_wider) {
  static const char *const inputs[] = {"d.jsonl", "long.jsonl"};
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  runs_write("long.jsonl",
             "{\"text\":\"one\"}\n{\"text\":\"a document that is too long for it\"}\n{\"text\":\"two\"}\n"
             "bad\n{\"text\":\"the last document\"}\n{\"text\":\"is this\"}\n");
  r.inputs = inputs;
  r.count = 2;
  run_make_reference(&r);
  r.dataset.longest_document = 35;
  r.dataset.on_bad_line = BATCH_BAD_LINE_STOP;
  assert_refused(!run_go(&r), BATCH_ERROR_FORMAT, "long.jsonl", "more than 35 bytes");
  r.continue_run = true;
  r.dataset.longest_document = 34;
  assert_not_gone_on(&r, BATCH_ERROR_INVALID_ARGUMENT, "--longest-document", "34", "35");
  r.dataset.longest_document = 1000;
  assert_refused(!run_go(&r), BATCH_ERROR_FORMAT, "long.jsonl", "line 4");
  r.dataset.on_bad_line = BATCH_BAD_LINE_SKIP;
  assert_run_goes_on(&r, "wider", 0);
}

Test(writer_unfinished, once_lines_were_passed_over_the_limits_stay) {
  test_run r = stopped(), other = r;
  other.dataset.on_bad_line = BATCH_BAD_LINE_STOP;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--on-bad-line");
  other = r;
  other.dataset.longest_document = BATCH_LONGEST_DOCUMENT + 1;
  assert_not_gone_on(&other, BATCH_ERROR_INVALID_ARGUMENT, "--longest-document");
}

/* Other shards. */

Test(writer_unfinished, a_shard_that_is_not_as_it_was_is_refused_by_its_name) {
  struct stat status;
  test_run r = stopped();
  const char *path = runs_path("out/t_000002.bin");
  cr_assert_eq(stat(path, &status), 0);
  cr_assert_eq(truncate(path, status.st_size - 2), 0);
  assert_not_gone_on(&r, BATCH_ERROR_IO, "t_000002.bin", "bytes, expected");
  cr_assert_eq(unlink(path), 0);
  assert_not_gone_on(&r, BATCH_ERROR_IO, "t_000002.bin", "found none", "--force");
}

Test(writer_unfinished, what_is_no_file_is_no_shard) {
  test_run r = stopped();
  const char *path = runs_path("out/t_000002.bin"), *aside = runs_path("aside.bin");
  cr_assert_eq(rename(path, aside), 0);
  cr_assert_eq(mkdir(path, 0777), 0);
  assert_not_gone_on(&r, BATCH_ERROR_IO, path, "found no regular file");
  cr_assert(rmdir(path) == 0 && symlink(aside, path) == 0);
  assert_not_gone_on(&r, BATCH_ERROR_IO, path, "found no regular file");
  cr_assert_eq(rename(aside, path), 0);
  assert_run_goes_on(&r, "put back", 0);
}

Test(writer_unfinished, a_companion_that_is_gone_is_missed) {
  test_run r = run_usual(BATCH_FORMAT_MEGATRON);
  stop(&r);
  r.continue_run = true;
  cr_assert_eq(unlink(runs_path("out/t_000003.idx")), 0);
  assert_not_gone_on(&r, BATCH_ERROR_IO, "t_000003.idx", "found none");
}

Test(writer_unfinished, what_it_has_not_written_is_refused) {
  static const char *const names[] = {
      "out/t.bin",        "out/t_000001.bin.metadata", "out/t_000003.idx",     "out/t_000005.bin",
      "out/t_000099.bin", "out/t_000004.bin.index",    "out/t_000001.bin.loss"};
  test_run r = stopped();
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    runs_write(names[i], "somebody's");
    assert_not_gone_on(&r, BATCH_ERROR_IO, names[i], "exists|expected none");
    cr_assert_eq(unlink(runs_path(names[i])), 0);
  }
  assert_run_goes_on(&r, "refused between", 0);
}

static void remove_last_shard(void) {
  cr_assert_eq(unlink(runs_path("out/t_000004.bin")), 0);
  cr_assert_eq(unlink(runs_path("out/t_000004.bin.loss")), 0);
}

Test(writer_unfinished, a_last_shard_that_is_gone_is_made_again) {
  test_run r = stopped();
  remove_last_shard();
  assert_run_goes_on(&r, "made again", 0);
}

/* A damaged record. */

static void put_back(const test_run *r, const bytes *record, size_t used) {
  FILE *file = fopen(runs_path(run_record(r)), "w");
  cr_assert(file && fwrite(record->data, 1, used, file) == used && fclose(file) == 0);
}

/* Either it is refused, and then the whole record still goes on, or what comes out is right. */
static bool try_damaged(const test_run *r, const char *what, unsigned n) {
  check_forget_error();
  if (run_go(r)) {
    assert_as_reference(r, what, n);
    return true;
  }
  const batch_error *error = batch_last_error();
  cr_assert(strstr(error->message, "t.bin") || strstr(error->message, "t_00000"), "%s, %u: %s", what, n,
            error->message);
  return false;
}

Test(writer_unfinished, a_damaged_record_is_never_believed) {
  unsigned taken = 0, refused = 0;
  test_run r = stopped();
  bytes record = read_bytes(runs_path(run_record(&r)));
  for (unsigned i = 0; i < record.used; i++) {
    record.data[i] ^= 1u << i % 8;
    put_back(&r, &record, record.used);
    bool good = try_damaged(&r, "damaged at byte", i);
    record.data[i] ^= 1u << i % 8;
    *(good ? &taken : &refused) += 1;
    if (!good) continue;
    runs_empty("out");
    r.continue_run = false;
    stop(&r);
    r.continue_run = true;
  }
  printf("%u refused, %u taken\n", refused, taken);
  cr_assert_gt(refused, 500);
  cr_assert_eq(taken, 0);
  free_bytes(&record);
}

/* Whether it is the line of shard n. */
static bool is_line_of_shard(const char *line, unsigned n) {
  char begin[24];
  snprintf(begin, sizeof begin, "shard\t%u ", n);
  return strncmp(line, begin, strlen(begin)) == 0;
}

/* Puts `numbers` in the place of so many first ones of a shard's line. */
static void put_numbers(bytes *to, const char *line, size_t count, const char *numbers) {
  size_t at = strlen("shard\t"), n = 1;
  for (const char *c = numbers; *c; c++) n += *c == ' ';
  while (n > 0 && at < count) n -= line[at++] == ' ';
  put_text(to, "shard\t");
  put_text(to, numbers);
  if (at < count) put_text(to, " ");
  put(to, line + at, count - at);
}

/* The record with those numbers in shard n's line, behind which `more` is a line, and every line sealed as what wrote it would have. */
static bytes sealed_anew(const bytes *record, unsigned n, const char *numbers, const char *more) {
  bytes sealed = {0};
  uint64_t hash = 0;
  char seal[24];
  size_t begin = (size_t)((uint8_t *)memchr(record->data, '\n', record->used) + 1 - record->data), end;
  put(&sealed, record->data, begin);
  for (size_t at = begin; at < record->used; at = end + 1) {
    const char *line = (const char *)record->data + at;
    end = (size_t)((uint8_t *)memchr(line, '\n', record->used - at) - record->data);
    size_t count = end - at - strlen("\t0123456789abcdef"), from = sealed.used;
    bool here = is_line_of_shard(line, n);
    if (here && numbers)
      put_numbers(&sealed, line, count, numbers);
    else
      put(&sealed, line, count);
    for (int lines = here && more ? 2 : 1; lines > 0; lines--) {
      hash = mix64_bytes(hash, sealed.data + from, sealed.used - from);
      snprintf(seal, sizeof seal, "\t%016llx\n", (unsigned long long)hash);
      put_text(&sealed, seal);
      from = sealed.used;
      if (lines == 2) put_text(&sealed, more);
    }
  }
  return sealed;
}

Test(writer_unfinished, a_sealed_record_that_contradicts_itself_is_refused) {
  static const struct {
    unsigned shard;
    const char *numbers, *more;
  } cases[] = {{2, "3", NULL}, /* the shard after the first is the third */
               {2, "0", NULL},
               {3, "3 1", NULL},                    /* fewer tokens than before */
               {3, "3 18446744073709551615", NULL}, /* more than the next shard has */
               {3, "3 18446744073709551616", NULL}, /* more than are counted */
               {3, "3 99999999999999999999999", NULL},
               {3, "3 ", NULL},
               {3, "3 x", NULL},
               {2, "2 20 0", NULL}, /* fewer documents than before */
               {1, NULL, "option\tbehind a shard"}};
  test_run r = stopped();
  bytes record = read_bytes(runs_path(run_record(&r)));
  bytes same = sealed_anew(&record, 0, NULL, NULL);
  cr_assert(same.used == record.used && memcmp(same.data, record.data, same.used) == 0);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bytes wrong = sealed_anew(&record, cases[i].shard, cases[i].numbers, cases[i].more);
    put_back(&r, &wrong, wrong.used);
    assert_not_gone_on(&r, BATCH_ERROR_FORMAT, "t.bin", "at byte", "a damaged one");
    free_bytes(&wrong);
  }
  put_back(&r, &record, record.used);
  assert_run_goes_on(&r, "as it was", 0);
  free_bytes(&record), free_bytes(&same);
}

/* Tokens, documents and those not learnt come before the file that it goes on in. */
Test(writer_unfinished, a_sealed_record_that_goes_on_behind_all_inputs_is_refused) {
  test_run r = stopped();
  bytes record = read_bytes(runs_path(run_record(&r)));
  bytes wrong = sealed_anew(&record, SHARDS, "4 1000 1000 1000 6", NULL);
  put_back(&r, &wrong, wrong.used);
  assert_not_gone_on(&r, BATCH_ERROR_FORMAT, "batch_tokenize_files",
                     "the unfinished run goes on in file 6 of 5");
  put_back(&r, &record, record.used);
  assert_run_goes_on(&r, "as it was", 0);
  free_bytes(&record), free_bytes(&wrong);
}

/* The last line may be cut off where the machine stopped, but then its shard is not there. */
Test(writer_unfinished, a_record_that_was_cut_off_is_taken_where_its_shards_are) {
  test_run r = stopped();
  bytes record = read_bytes(runs_path(run_record(&r)));
  for (size_t used = 0; used < record.used; used++) {
    put_back(&r, &record, used);
    cr_assert_not(try_damaged(&r, "cut off at byte", (unsigned)used));
  }
  put_back(&r, &record, record.used - 9);
  remove_last_shard();
  assert_run_goes_on(&r, "cut off", 0);
  free_bytes(&record);
}

Test(writer_unfinished, a_line_that_was_begun_is_dropped) {
  test_run r = stopped();
  bytes record = read_bytes(runs_path(run_record(&r)));
  put_text(&record, "shard\t5 1");
  put_back(&r, &record, record.used);
  assert_run_goes_on(&r, "a line was begun", 0);
  free_bytes(&record);
}

Test(writer_unfinished, a_record_of_another_version_is_refused_as_that) {
  test_run r = stopped();
  bytes record = read_bytes(runs_path(run_record(&r)));
  char *version = memmem(record.data, record.used, "version 2", 9);
  cr_assert_not_null(version);
  version[8] = '3';
  put_back(&r, &record, record.used);
  assert_not_gone_on(&r, BATCH_ERROR_UNSUPPORTED, "t.bin", "another version");
  free_bytes(&record);
}

/* The caller's own documents. */

Test(writer_unfinished, nothing_but_the_same_call_takes_up_a_run) {
  test_run r = stopped();
  BatchWriter *writer = run_create(&r);
  assert_refused(!batch_writer_append(writer, &(int32_t){1}, 1), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_writer_append", "t.bin", "batch_tokenize_files");
  assert_refused(!batch_writer_end_document(writer), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_writer_end_document");
  assert_refused(!batch_writer_finish(writer), BATCH_ERROR_INVALID_ARGUMENT, "batch_writer_finish");
  cr_assert_eq(run_tokenize(&r, writer), BATCH_OK, "%s", batch_last_error()->message);
  cr_assert(batch_writer_finish(writer), "%s", batch_last_error()->message);
  batch_writer_free(writer);
  assert_as_reference(&r, "taken up", 0);
}

Test(writer_unfinished, a_run_of_more_than_that_call_is_not_kept) {
  test_run r = run_usual(BATCH_FORMAT_LLMC_GPT2);
  for (int i = 0; i < 3; i++) {
    runs_empty("out");
    BatchWriter *writer = run_create(&r);
    if (i == 1) cr_assert(batch_writer_append(writer, &(int32_t){1}, 1) && batch_writer_end_document(writer));
    cr_assert_eq(run_tokenize(&r, writer), BATCH_OK);
    cr_assert_eq(runs_is_there(run_record(&r)), i != 1);
    if (i == 0) cr_assert(batch_writer_append(writer, &(int32_t){1}, 1));
    if (i == 2) cr_assert_eq(run_tokenize(&r, writer), BATCH_OK);
    cr_assert_not(runs_is_there(run_record(&r)));
    batch_writer_free(writer);
    cr_assert(runs_is_there("out/t_000003.bin") && !runs_is_there("out/.t.bin.headrace"));
  }
}
