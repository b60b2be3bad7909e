#include "text/encode.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "sync/thread.h"
#include "text/normalize.h"
#include "text/pipeline/pipeline.h"
#include "text/span_options.h"

enum { MOST_WORKERS = 4096 };

static bool check(const char *function, const batch_dataset_options *options) {
  if ((unsigned)options->format > BATCH_FORMAT_JSONL)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: format is %d, expected 0 to %d", function,
                      (int)options->format, BATCH_FORMAT_JSONL);
  if ((unsigned)options->separator > BATCH_SEPARATOR_AFTER)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: separator is %d, expected 0 to %d", function,
                      (int)options->separator, BATCH_SEPARATOR_AFTER);
  if (options->separator && options->end_of_text < 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: end_of_text is %" PRId32 ", expected 0 or more",
                      function, options->end_of_text);
  if ((unsigned)options->on_bad_line > BATCH_BAD_LINE_SKIP)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: on_bad_line is %d, expected 0 or %d", function,
                      (int)options->on_bad_line, BATCH_BAD_LINE_SKIP);
  if (options->workers > MOST_WORKERS)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: workers is %" PRIu32 ", expected at most %d",
                      function, options->workers, MOST_WORKERS);
  return true;
}

static bool check_field(const char *function, const batch_dataset_options *options) {
  return !options->text_field || options->spans->kind != BATCH_SPANS_PROMPT ||
         error_fail(
             BATCH_ERROR_INVALID_ARGUMENT,
             "%s: options.text_field is \"%.200s\", expected NULL: spans of kind BATCH_SPANS_PROMPT have "
             "prompt_field and completion_field",
             function, options->text_field);
}

/* Each name of a path takes some 400 bytes of the caller's stack. */
static bool check_depth(const char *function, const char *option, const char *path) {
  enum { MOST_NAMES = 32 };
  unsigned names = 1;
  for (const char *dot = strchr(path ? path : "", '.'); dot; dot = strchr(dot + 1, '.')) names++;
  return names <= MOST_NAMES ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s has %u names, expected at most %d", function,
                    option, names, MOST_NAMES);
}

static bool check_depths(const char *function, const batch_dataset_options *options) {
  const batch_span_options *spans = options->spans;
  return check_depth(function, "text_field (--field)", options->text_field) &&
         check_depth(function, "spans->prompt_field (--prompt-field)", spans->prompt_field) &&
         check_depth(function, "spans->completion_field (--completion-field)", spans->completion_field) &&
         check_depth(function, "spans->role_field (--role-field)", spans->role_field) &&
         check_depth(function, "spans->content_field (--content-field)", spans->content_field) &&
         check_depth(function, "spans->train_field (--train-field)", spans->train_field);
}

bool encode_read_options(const char *function, const batch_dataset_options *given, encode_options *mine) {
  static const options_type type =
      OPTIONS_TYPE_GROWN(batch_dataset_options, BATCH_DATASET_OPTIONS_INIT, longest_document);
  mine->options = (batch_dataset_options)BATCH_DATASET_OPTIONS_INIT;
  if (given && !options_read(&type, function, "options", given, &mine->options)) return false;
  if (!check(function, &mine->options) ||
      !text_options_read(function, "options.text", mine->options.text, &mine->text) ||
      !span_options_read(function, mine->options.spans, &mine->spans))
    return false;
  mine->has_spans = mine->options.spans != NULL;
  mine->options.text = &mine->text;
  mine->options.spans = &mine->spans;
  return check_field(function, &mine->options) && check_depths(function, &mine->options);
}

uint32_t encode_vocab_size(const batch_dataset_options *options) {
  uint32_t size = options->tokenizer ? batch_tokenizer_vocab_size(options->tokenizer) : 256;
  uint32_t id = (uint32_t)options->end_of_text;
  return options->separator && id >= size ? id + 1 : size;
}

/* What the calling thread does with files. */
typedef struct run {
  const batch_dataset_options *options;
  const BatchTokenizer *tokenizer;
  text_delivery delivery;
  job_reader reader;
  text_job job; /* of the calling thread */
} run;

/* Until something is delivered, what counts is what lies before the place to begin at. */
static bool report(void *context) {
  run *r = context;
  if (!r->delivery.path) r->delivery.consumed = r->reader.passed;
  return text_delivery_report(&r->delivery);
}

static bool next_job(run *r) {
  text_job_clear(&r->job);
  return job_reader_next(&r->reader, &r->job);
}

/* The calling thread does it all, from the job at hand on. */
static bool encode_alone(run *r) {
  job_encoder encoder;
  bool good = job_encoder_make(&encoder, r->options, r->tokenizer);
  encoder.tick = report;
  encoder.tick_context = r;
  for (bool last = false; good && !last; good = good && (last || next_job(r))) {
    last = r->job.last;
    good = job_encoder_run(&encoder, &r->job) && text_delivery_give(&r->delivery, &r->job);
  }
  job_encoder_free(&encoder);
  return good;
}

static uint32_t workers_of(const batch_dataset_options *options) {
  uint32_t workers = options->workers ? options->workers : thread_processors();
  return workers < MOST_WORKERS ? workers : MOST_WORKERS;
}

typedef enum answer { DONE, FAILED, ELSEWHERE } answer;

/* What fits into one job is not worth a thread. */
static answer encode(run *r) {
  uint32_t workers = workers_of(r->options);
  if (!next_job(r)) return FAILED;
  bool alone = workers == 1 || r->job.last;
  pipeline *p = alone ? NULL : pipeline_start(&r->reader, r->options, r->tokenizer, workers, &r->job);
  if (!p) return encode_alone(r) ? DONE : FAILED;
  bool good = pipeline_deliver(p, &r->delivery);
  if (pipeline_is_elsewhere(p)) return ELSEWHERE;
  pipeline_free(p);
  return good ? DONE : FAILED;
}

/* tokenizer: options', or bytes. */
static answer run_files(const text_files *files, const batch_dataset_options *options,
                        const BatchTokenizer *tokenizer, const text_place *from, const token_sink *sink,
                        uint64_t *bad_lines) {
  static const text_place start = {0};
  if (!from) from = &start;
  run r = {.options = options,
           .tokenizer = tokenizer,
           .delivery = {.sink = sink, .from = *from, .bad_lines = from->bad_lines},
           .reader = job_reader_make(files, options, tokenizer, from)};
  r.reader.tick = report;
  r.reader.tick_context = &r;
  answer a = encode(&r);
  *bad_lines = r.delivery.bad_lines;
  if (a == ELSEWHERE) return a;
  job_reader_close(&r.reader);
  text_job_free(&r.job);
  return a;
}

bool encode_files(const text_files *files, const batch_dataset_options *options, const text_place *from,
                  const token_sink *sink, uint64_t *bad_lines) {
  BatchTokenizer *bytes = options->tokenizer ? NULL : batch_tokenizer_bytes(0);
  const BatchTokenizer *tokenizer = options->tokenizer ? options->tokenizer : bytes;
  if (!tokenizer) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "options.tokenizer: no memory for one");
  answer a = run_files(files, options, tokenizer, from, sink, bad_lines);
  if (a != ELSEWHERE) batch_tokenizer_free(bytes);
  return a == DONE;
}

static bool open_one(void *context, uint64_t index, text_file *file) {
  (void)index;
  *file = *(const text_file *)context;
  return true;
}

static void leave_open(void *context, text_file *file) {
  (void)context, (void)file;
}

bool encode_file(const text_file *file, const batch_dataset_options *options, const text_place *from,
                 const token_sink *sink, uint64_t *bad_lines) {
  text_file mine = *file;
  const text_files one = {1, open_one, leave_open, &mine};
  return encode_files(&one, options, from, sink, bad_lines);
}
