/* Several workers give what one gives: ids, ends of documents, errors; a run is stopped at any time; and nothing of the
   threads is left. */
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/packages.h"
#include "support/random_text.h"

#include "base/error.h"
#include "sync/thread.h"
#include "text/encode.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

TestSuite(text_workers, .init = files_begin, .fini = files_end);

static uint64_t seed = 0x2545F4914F6CDD1D;

/* All that a sink was given, and how it ended. */
typedef struct gathered {
  bytes given; /* ids, and what end_document was told behind a mark */
  uint64_t last_bytes, bad_lines;
  unsigned reports, stop_at;
  bool good;
  char message[1024];
} gathered;

static bool take_ids(void *context, const int32_t *ids, size_t count) {
  put(&((gathered *)context)->given, ids, count * sizeof *ids);
  return true;
}

static bool take_end(void *context, const text_place *next) {
  const int32_t mark = -1;
  put(&((gathered *)context)->given, &mark, sizeof mark);
  put(&((gathered *)context)->given, next, sizeof *next);
  return true;
}

static bool take_report(void *context, uint64_t bytes_read, uint64_t bad_lines) {
  gathered *g = context;
  cr_assert_geq(bytes_read, g->last_bytes, "progress went back");
  cr_assert_geq(bad_lines, g->bad_lines);
  g->last_bytes = bytes_read;
  g->bad_lines = bad_lines;
  if (++g->reports != g->stop_at) return true;
  error_set(BATCH_CLOSED, "stopped");
  return false;
}

static void encode(const text_file *named, const batch_dataset_options *given, gathered *g) {
  text_file file = *named;
  encode_options mine;
  uint64_t bad_lines;
  file.fd = open(file.path, O_RDONLY | O_CLOEXEC);
  cr_assert_geq(file.fd, 0);
  cr_assert(encode_read_options("test", given, &mine));
  const token_sink sink = {take_ids, take_end, take_report, g};
  check_forget_error();
  g->good = encode_file(&file, &mine.options, NULL, &sink, &bad_lines);
  snprintf(g->message, sizeof g->message, "%s", g->good ? "" : batch_last_error()->message);
  if (g->good) cr_assert_eq(bad_lines, g->bad_lines);
  close(file.fd);
}

static bool begins_with(const bytes *text, const bytes *begin) {
  return begin->used <= text->used && (begin->used == 0 || memcmp(text->data, begin->data, begin->used) == 0);
}

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

static void put_line(bytes *lines, const bytes *text) {
  put_text(lines, "{\"n\":1,\"text\":\"");
  for (size_t i = 0; i < text->used; i++)
    if (text->data[i] >= 0x20 && text->data[i] != '"' && text->data[i] != '\\') put_u8(lines, text->data[i]);
  put_text(lines, "\"}\n");
}

/* Lines of very different lengths, some of them bad. */
static bytes random_lines(unsigned count) {
  bytes lines = {0};
  for (unsigned i = 0; i < count; i++) {
    bytes text = random_text(&seed, i % 17 == 0 ? 3000 : i % 5 * 40, true);
    put_line(&lines, &text);
    if (i % 7 == 3) put_text(&lines, "\n \t\r\n");
    if (i % 11 == 10) put_text(&lines, i % 2 ? "{\"text\":7}\n" : "no JSON\n");
    free_bytes(&text);
  }
  return lines;
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
  for (unsigned o = 0; o < COMBINATIONS; o++) {
    batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
    batch_text_options how = BATCH_TEXT_OPTIONS_INIT;
    set_options(o, &options, &how);
    bool well = assert_same_for_any_number(&t.files[o % t.count], &options);
    *(well ? &good : &bad) += 1;
  }
  cr_assert(good > 20 && bad > 20, "%u ended well, %u with an error", good, bad);
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

/* A tokenizer that takes its time at random, and says in which threads it was called. */
typedef struct slow {
  _Atomic unsigned calls, elsewhere;
  pthread_t caller;
} slow;

static size_t slow_encode(void *context, const char *text, size_t count, int32_t *ids, size_t capacity) {
  slow *s = context;
  unsigned call = atomic_fetch_add(&s->calls, 1);
  if (!pthread_equal(pthread_self(), s->caller)) atomic_fetch_add(&s->elsewhere, 1);
  if (call % 3 == 0) nanosleep(&(struct timespec){0, (long)(call * 7919 % 11) * 30000}, NULL);
  for (size_t i = 0; i < count && i < capacity; i++) ids[i] = (uint8_t)text[i] + (int32_t)(count % 7);
  return count;
}

static size_t no_text(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)count, (void)text, (void)capacity;
  return BATCH_TOKENIZER_FAILED;
}

typedef size_t encode_function(void *context, const char *text, size_t count, int32_t *ids, size_t capacity);

static BatchTokenizer *custom(encode_function *function, void *context) {
  const batch_tokenizer_functions functions = {
      .size = sizeof(batch_tokenizer_functions), .encode = function, .decode = no_text};
  BatchTokenizer *tokenizer = batch_tokenizer_custom(&functions, context, 1000, BATCH_NO_TOKEN);
  cr_assert_not_null(tokenizer);
  return tokenizer;
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

Test(text_workers, one_worker_is_the_calling_thread) {
  slow s = {.caller = pthread_self()};
  bytes lines = random_lines(50);
  gathered g = {0};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = custom(slow_encode, &s);
  options.tokenizer = tokenizer;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  options.workers = 1;
  text_job_step = 500;
  const text_file file = {write_bytes("a.jsonl", &lines), -1, true, false};
  encode(&file, &options, &g);
  cr_assert(g.good && s.calls > 0 && s.elsewhere == 0);
  free_bytes(&g.given);
  batch_tokenizer_free(tokenizer);
}

Test(text_workers, the_processors_are_those_that_the_thread_may_run_on) {
  cpu_set_t all, one;
  cr_assert_eq(sched_getaffinity(0, sizeof all, &all), 0);
  cr_assert_eq(thread_processors(), (unsigned)CPU_COUNT(&all));
  CPU_ZERO(&one);
  for (int i = 0; CPU_COUNT(&one) == 0; i++)
    if (CPU_ISSET(i, &all)) CPU_SET(i, &one);
  cr_assert_eq(sched_setaffinity(0, sizeof one, &one), 0);
  cr_assert_eq(thread_processors(), 1);
}

static unsigned threads_of_this_process(void) {
  unsigned count = 0;
  DIR *tasks = opendir("/proc/self/task");
  cr_assert_not_null(tasks);
  for (struct dirent *entry; (entry = readdir(tasks));) count += entry->d_name[0] != '.';
  closedir(tasks);
  return count;
}

Test(text_workers, a_run_is_stopped_at_any_time_and_leaves_no_thread) {
  bytes lines = random_lines(150);
  const text_file file = {write_bytes("a.jsonl", &lines), -1, true, false};
  slow s = {.caller = pthread_self()};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = custom(slow_encode, &s);
  gathered whole = {0};
  options.tokenizer = tokenizer;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  options.workers = 3;
  text_job_step = 500;
  encode(&file, &options, &whole);
  cr_assert(whole.good);
  unsigned before = threads_of_this_process();
  unsigned stopped = 0;
  for (bool ended = false; !ended;) {
    gathered g = {.stop_at = stopped + 1};
    encode(&file, &options, &g);
    ended = g.good;
    if (!ended) stopped++;
    if (!ended) cr_assert_str_eq(g.message, "stopped");
    if (!ended) cr_assert_eq(g.reports, stopped, "reported again after it was stopped");
    cr_assert(begins_with(&whole.given, &g.given));
    cr_assert_eq(threads_of_this_process(), before, "threads are left");
    free_bytes(&g.given);
  }
  cr_assert_gt(stopped, 20);
  free_bytes(&whole.given);
  batch_tokenizer_free(tokenizer);
}

/* A tokenizer that is at work until the callback has stopped the run. */
static size_t encode_until_told(void *context, const char *text, size_t count, int32_t *ids,
                                size_t capacity) {
  _Atomic bool *told = context;
  (void)text;
  if (count > 10)
    while (!atomic_load(told)) nanosleep(&(struct timespec){0, 1000000}, NULL);
  for (size_t i = 0; i < count && i < capacity; i++) ids[i] = 1;
  return count;
}

typedef struct stopping {
  _Atomic bool told;
  unsigned reports;
  uint64_t documents;
} stopping;

static bool stop_after_some(void *context, const batch_tokenize_progress *progress) {
  stopping *s = context;
  s->documents = progress->documents;
  bool stops = ++s->reports == 8;
  if (stops) atomic_store(&s->told, true);
  return !stops;
}

Test(text_workers, progress_is_reported_while_a_document_takes_long) {
  stopping s = {0};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = custom(encode_until_told, &s.told);
  options.tokenizer = tokenizer;
  options.workers = 2;
  text_job_step = 20;
  const char *path =
      write_text("a.jsonl", "{\"text\":\"short\"}\n{\"text\":\"a long document\"}\n{\"text\":\"\"}\n");
  BatchWriter *writer = batch_writer_create(path_of("out.bin"), NULL);
  cr_assert_eq(batch_tokenize_files(&path, 1, &options, writer, stop_after_some, &s), BATCH_CLOSED);
  cr_assert_eq(s.reports, 8);
  cr_assert_eq(s.documents, 1);
  batch_writer_free(writer);
  batch_tokenizer_free(tokenizer);
}

/* In the child the threads are not there: it is told so, once it comes back from the callback. */
typedef struct forking {
  pid_t child, parent;
} forking;

static bool fork_once(void *context, const batch_tokenize_progress *progress) {
  forking *f = context;
  (void)progress;
  if (f->child == 0 && f->parent == 0) {
    f->parent = getpid();
    f->child = fork();
  }
  return true;
}

static int tokenize_in_child(const char *path, const batch_dataset_options *options) {
  BatchDataset *dataset = batch_dataset_open(&path, 1, options);
  bool good = dataset != NULL;
  batch_dataset_free(dataset);
  return good ? 0 : 3;
}

Test(text_workers, a_child_is_told_that_the_threads_are_elsewhere_and_may_tokenize_itself) {
  bytes lines = random_lines(100);
  const char *path = write_bytes("a.jsonl", &lines);
  forking f = {0};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  options.workers = 3;
  text_job_step = 500;
  BatchWriter *writer = batch_writer_create(path_of("out.bin"), NULL);
  batch_status status = batch_tokenize_files(&path, 1, &options, writer, fork_once, &f);
  if (getpid() != f.parent) {
    bool told = status == BATCH_ERROR_UNSUPPORTED && strstr(batch_last_error()->message, "fork");
    _exit(told ? tokenize_in_child(path, &options) : 2);
  }
  int ending;
  cr_assert_eq(status, BATCH_OK, "%s", batch_last_error()->message);
  cr_assert_eq(waitpid(f.child, &ending, 0), f.child);
  cr_assert(WIFEXITED(ending) && WEXITSTATUS(ending) == 0, "the child ended with %d", ending);
  batch_writer_free(writer);
}

Test(text_workers, more_workers_than_there_may_be_are_refused) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.workers = 4097;
  assert_not_opened(write_text("a.jsonl", "{\"text\":\"\"}"), &options, BATCH_ERROR_INVALID_ARGUMENT,
                    "batch_dataset_open", "workers", "4097", "4096");
}
