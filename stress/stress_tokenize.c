/* Texts tokenized by several workers, thousands of times: random text and .jsonl with bad lines, jobs of a few bytes or many,
   tokenizers that take their time, some of which fail; runs that are stopped in the middle. Whatever the number of
   workers, the sink is given what one thread alone gives it, the error included; and every thread comes back.

   Usage: stress_tokenize [SECONDS [WORKERS [SEED]]] */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "support/stress.h"
#include "text/encode.h"
#include "text/tokenizer.h"

enum { MOST_BYTES = 20000, FAILING = '~' };

/* What a sink was given: a hash over all of it. */
typedef struct given {
  uint64_t hash, ids, documents, bad_lines, reports;
  uint64_t stop_at; /* of the reports; 0: never */
  bool good;
  batch_status code;
  char message[1024];
} given;

static uint64_t mix(uint64_t hash, uint64_t value) {
  return (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15) + (hash >> 29);
}

static bool take_ids(void *context, const int32_t *ids, size_t count, const uint8_t *loss) {
  given *g = context;
  for (size_t i = 0; i < count; i++) g->hash = mix(g->hash, (uint64_t)ids[i] << (loss && !loss[i]));
  g->ids += count;
  return true;
}

static bool take_end(void *context, const text_place *next) {
  given *g = context;
  g->hash = mix(mix(mix(g->hash, next->offset), next->line), next->bad_lines);
  g->documents++;
  return true;
}

static bool report(void *context, uint64_t bytes_read, uint64_t bad_lines, const text_times *times) {
  given *g = context;
  (void)bytes_read, (void)bad_lines, (void)times;
  stress_step("reports");
  return ++g->reports != g->stop_at || error_fail(BATCH_CLOSED, "stopped");
}

/* A tokenizer that takes its time now and then, and refuses texts with a certain byte. */
static size_t slow_encode(const void *context, void *scratch, const char *text, size_t bytes, uint64_t before,
                          int32_t *ids, size_t capacity) {
  (void)context, (void)scratch, (void)before;
  if (bytes > 0 && memchr(text, FAILING, bytes)) return BATCH_TOKENIZER_FAILED;
  if (bytes % 13 == 0) nanosleep(&(struct timespec){0, (long)(bytes % 5) * 20000}, NULL);
  for (size_t i = 0; i < bytes && i < capacity; i++) ids[i] = (uint8_t)text[i];
  return bytes;
}

static size_t no_text(const void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

static size_t cut_behind_blank(const void *context, const char *text, size_t from, size_t bytes) {
  (void)context;
  for (size_t at = bytes; at-- > from + 1;)
    if (text[at - 1] == ' ') return at;
  return 0;
}

static BatchTokenizer *make_tokenizer(uint64_t *random) {
  static const tokenizer_kind kinds[2] = {
      {.encode = slow_encode, .decode = no_text},
      {.encode = slow_encode, .decode = no_text, .cut = cut_behind_blank}};
  BatchTokenizer *t = tokenizer_make("stress", &kinds[stress_random_below(random, 2)], NULL, 300, 256);
  stress_check(t, "%s", batch_last_error()->message);
  return t;
}

static void put_word(FILE *file, uint64_t *random, bool may_fail) {
  static const char *const words[] = {"mill ",        "race ", "\xc3\xbc", "e\xcc\x81",
                                      "\xe6\xb0\xb4", "  ",    "A",        "\xff"};
  if (may_fail && stress_random_below(random, 3000) == 0)
    fputc(FAILING, file);
  else
    fputs(words[stress_random_below(random, 8)], file);
}

/* In a string, or in an array of spans. */
static void put_line(FILE *file, uint64_t *random, bool may_fail) {
  uint32_t words = stress_random_below(random, 60), spans = stress_random_below(random, 3);
  if (may_fail && stress_random_below(random, 100) == 0) fputs("no JSON", file);
  if (stress_random_below(random, 20) == 0) fputc('\n', file);
  fputs(spans ? "{\"text\":[{\"text\":\"" : "{\"text\":\"", file);
  for (uint32_t i = 0; i < words; i++) {
    if (spans && stress_random_below(random, 8) == 0)
      fprintf(file, "\",\"train\":%s},{\"text\":\"", stress_random_below(random, 2) ? "true" : "false");
    put_word(file, random, may_fail);
  }
  fputs(spans ? "\"}]}\n" : "\"}\n", file);
}

/* A file without a name. */
static FILE *make_file(uint64_t *random, bool jsonl) {
  FILE *file = tmpfile();
  bool may_fail = stress_random_below(random, 2);
  stress_check(file, "no temporary file");
  long bytes = (long)stress_random_below(random, MOST_BYTES);
  while (ftell(file) < bytes) {
    if (jsonl)
      put_line(file, random, may_fail);
    else
      put_word(file, random, may_fail);
    if (!jsonl && stress_random_below(random, 30) == 0) fputc('\n', file);
  }
  fflush(file);
  return file;
}

static void run(const text_file *file, const batch_dataset_options *options, given *g) {
  const token_sink sink = {.tokens = take_ids, .end_document = take_end, .progress = report, .context = g};
  encode_options mine;
  stress_step(options->workers == 1 ? "tokenizes alone" : "tokenizes with workers");
  stress_check(encode_read_options("stress", options, &mine), "%s", batch_last_error()->message);
  g->good = encode_file(file, &mine.options, NULL, &sink, &g->bad_lines);
  g->code = g->good ? BATCH_OK : batch_last_error()->code;
  snprintf(g->message, sizeof g->message, "%s", g->good ? "" : batch_last_error()->message);
}

static void check_same(const given *alone, const given *many, uint32_t workers) {
  stress_check(alone->good == many->good && strcmp(alone->message, many->message) == 0,
               "%" PRIu32 " workers: \"%s\", alone: \"%s\"", workers, many->message, alone->message);
  stress_check(alone->ids == many->ids && alone->documents == many->documents,
               "%" PRIu32 " workers: %" PRIu64 " ids in %" PRIu64 " documents, alone: %" PRIu64
               " in %" PRIu64,
               workers, many->ids, many->documents, alone->ids, alone->documents);
  stress_check(alone->hash == many->hash && alone->bad_lines == many->bad_lines,
               "%" PRIu32 " workers: other ids", workers);
}

static void draw_options(uint64_t *random, batch_dataset_options *o, batch_text_options *text) {
  *o = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  *text = (batch_text_options)BATCH_TEXT_OPTIONS_INIT;
  text->malformed = stress_random_below(random, 8) ? (batch_malformed)stress_random_below(random, 2)
                                                   : BATCH_MALFORMED_ERROR;
  text->squeeze_space = stress_random_below(random, 2);
  o->text = text;
  o->separator = (batch_separator)stress_random_below(random, 3);
  o->end_of_text = 256;
  o->on_bad_line = (batch_bad_line)stress_random_below(random, 2);
  o->longest_document = stress_random_below(random, 4) ? 0 : 1 + stress_random_below(random, 3000);
}

static void run_round(uint64_t *random, uint64_t *stopped, uint64_t *ids) {
  bool jsonl = stress_random_below(random, 2);
  FILE *file = make_file(random, jsonl);
  const text_file text = {"text", fileno(file), jsonl, false};
  BatchTokenizer *tokenizer = make_tokenizer(random);
  batch_dataset_options options;
  batch_text_options how;
  draw_options(random, &options, &how);
  options.tokenizer = tokenizer;
  text_job_step = stress_random_below(random, 4) ? 50 + stress_random_below(random, 1000)
                                                 : 4 + stress_random_below(random, 20);
  options.workers = 1;
  given alone = {0}, many = {0}, broken = {.stop_at = 1 + stress_random_below(random, 20)};
  run(&text, &options, &alone);
  options.workers = 2 + stress_random_below(random, stress_threads());
  run(&text, &options, &many);
  check_same(&alone, &many, options.workers);
  run(&text, &options, &broken);
  stress_check(broken.ids <= alone.ids && broken.documents <= alone.documents,
               "more ids of a run that was stopped");
  stress_check(broken.code == BATCH_CLOSED || broken.reports < broken.stop_at, "not stopped: %s",
               broken.message);
  *stopped += broken.code == BATCH_CLOSED;
  *ids += alone.ids;
  batch_tokenizer_free(tokenizer);
  fclose(file);
}

int main(int argc, char **argv) {
  uint64_t rounds = 0, stopped = 0, ids = 0;
  stress_begin(argc, argv, 3, 4);
  for (uint64_t random = stress_seed(); stress_goes_on(); rounds++) run_round(&random, &stopped, &ids);
  return stress_end("%" PRIu64 " texts, %" PRIu64 " ids, %" PRIu64 " runs stopped", rounds, ids, stopped);
}
