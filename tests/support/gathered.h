/* What tests of several workers share: all that a sink was given, lines of every length, a tokenizer that takes its time. */
#ifndef HEADRACE_TESTS_GATHERED_H
#define HEADRACE_TESTS_GATHERED_H

#include "support/check.h"
#include "support/files.h"
#include "support/random_text.h"

#include "base/error.h"
#include "text/encode.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed = 0x2545F4914F6CDD1D;

/* All that a sink was given, and how it ended. */
typedef struct gathered {
  bytes given; /* ids, and what end_document was told behind a mark */
  uint64_t last_bytes, bad_lines;
  unsigned reports, stop_at;
  text_times times;
  bool good;
  char message[1024];
} gathered;

enum { MASKED = 1 << 30 }; /* put to an id that is not to be learnt */

static inline bool take_ids(void *context, const int32_t *ids, size_t count, const uint8_t *loss) {
  for (size_t i = 0; i < count; i++) {
    const int32_t id = loss && !loss[i] ? ids[i] | MASKED : ids[i];
    put(&((gathered *)context)->given, &id, sizeof id);
  }
  return true;
}

static inline bool take_end(void *context, const text_place *next) {
  const int32_t mark = -1;
  put(&((gathered *)context)->given, &mark, sizeof mark);
  put(&((gathered *)context)->given, next, sizeof *next);
  return true;
}

static inline bool take_report(void *context, uint64_t bytes_read, uint64_t bad_lines,
                               const text_times *times) {
  gathered *g = context;
  cr_assert_geq(bytes_read, g->last_bytes, "progress went back");
  cr_assert_geq(bad_lines, g->bad_lines);
  cr_assert(times->reader >= g->times.reader && times->workers >= g->times.workers &&
                times->writer >= g->times.writer && times->writer_wait >= g->times.writer_wait,
            "times went back");
  g->times = *times;
  g->last_bytes = bytes_read;
  g->bad_lines = bad_lines;
  if (++g->reports != g->stop_at) return true;
  error_set(BATCH_CLOSED, "stopped");
  return false;
}

static inline void encode(const text_file *named, const batch_dataset_options *given, gathered *g) {
  text_file file = *named;
  encode_options mine;
  uint64_t bad_lines;
  file.fd = open(file.path, O_RDONLY | O_CLOEXEC);
  cr_assert_geq(file.fd, 0);
  cr_assert(encode_read_options("test", given, &mine));
  const token_sink sink = {
      .tokens = take_ids, .end_document = take_end, .progress = take_report, .context = g};
  check_forget_error();
  g->good = encode_file(&file, &mine.options, NULL, &sink, &bad_lines);
  snprintf(g->message, sizeof g->message, "%s", g->good ? "" : batch_last_error()->message);
  if (g->good) cr_assert_eq(bad_lines, g->bad_lines);
  close(file.fd);
}

static inline bool begins_with(const bytes *text, const bytes *begin) {
  return begin->used <= text->used && (begin->used == 0 || memcmp(text->data, begin->data, begin->used) == 0);
}

static inline void put_string(bytes *lines, const uint8_t *text, size_t count) {
  put_u8(lines, '"');
  for (size_t i = 0; i < count; i++)
    if (text[i] >= 0x20 && text[i] != '"' && text[i] != '\\') put_u8(lines, text[i]);
  put_u8(lines, '"');
}

static inline void put_line(bytes *lines, const bytes *text) {
  put_text(lines, "{\"n\":1,\"text\":");
  put_string(lines, text->data, text->used);
  put_text(lines, "}\n");
}

/* The text in spans of which every other one is not to be learnt. */
static inline void put_spans(bytes *lines, const bytes *text, size_t length) {
  put_text(lines, "{\"text\":[");
  for (size_t at = 0, i = 0; at < text->used; at += length, i++) {
    put_text(lines, i ? ",{\"text\":" : "{\"text\":");
    put_string(lines, text->data + at, text->used - at < length ? text->used - at : length);
    put_text(lines, i % 2 ? "}" : ",\"train\":false}");
  }
  put_text(lines, "]}\n");
}

/* Lines of very different lengths, some of them bad. */
static inline bytes random_lines(unsigned count) {
  bytes lines = {0};
  for (unsigned i = 0; i < count; i++) {
    bytes text = random_text(&seed, i % 17 == 0 ? 3000 : i % 5 * 40, true);
    if (i % 4 == 2)
      put_spans(&lines, &text, i * 37 % 100 + 1);
    else
      put_line(&lines, &text);
    if (i % 7 == 3) put_text(&lines, "\n \t\r\n");
    if (i % 11 == 10) put_text(&lines, i % 2 ? "{\"text\":7}\n" : "no JSON\n");
    free_bytes(&text);
  }
  return lines;
}

/* A tokenizer that takes its time at random, and says in which threads it was called. */
typedef struct slow {
  _Atomic unsigned calls, elsewhere;
  pthread_t caller;
} slow;

static inline size_t slow_encode(void *context, const char *text, size_t count, int32_t *ids,
                                 size_t capacity) {
  slow *s = context;
  unsigned call = atomic_fetch_add(&s->calls, 1);
  if (!pthread_equal(pthread_self(), s->caller)) atomic_fetch_add(&s->elsewhere, 1);
  if (call % 3 == 0) nanosleep(&(struct timespec){0, (long)(call * 7919 % 11) * 30000}, NULL);
  for (size_t i = 0; i < count && i < capacity; i++) ids[i] = (uint8_t)text[i] + (int32_t)(count % 7);
  return count;
}

static inline size_t no_text(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

typedef size_t encode_function(void *context, const char *text, size_t count, int32_t *ids, size_t capacity);

static inline BatchTokenizer *custom(encode_function *function, void *context) {
  const batch_tokenizer_functions functions = {
      .size = sizeof(batch_tokenizer_functions), .encode = function, .decode = no_text};
  BatchTokenizer *tokenizer = batch_tokenizer_custom(&functions, context, 1000, BATCH_NO_TOKEN);
  cr_assert_not_null(tokenizer);
  return tokenizer;
}

#endif
