/* The threads that tokenize: which there are, that a run is stopped at any time and leaves none, and what a fork makes of
   them. */
#include "support/dataset_check.h"
#include "support/gathered.h"

#include "text/encode.h"

#include "sync/thread.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>

TestSuite(text_workers_threads, .init = files_begin, .fini = files_end);

Test(text_workers_threads, one_worker_is_the_calling_thread) {
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

static const struct {
  text_times times;
  const char *bottleneck;
} waiting[] = {
    {{0}, "none"},
    {{.reader = 9,
      .reader_wait = 1,
      .workers = 20,
      .workers_wait = 80,
      .writer = 1,
      .writer_wait = 9,
      .threads = 4},
     "reader"},
    {{.reader = 9,
      .reader_wait = 10,
      .workers = 90,
      .workers_wait = 10,
      .writer = 8,
      .writer_wait = 9,
      .threads = 4},
     "workers"},
    {{.reader = 2,
      .reader_wait = 8,
      .workers = 20,
      .workers_wait = 20,
      .writer = 6,
      .writer_wait = 4,
      .threads = 4},
     "writer"},
    {{.reader = 5, .workers = 3, .writer = 4},
     "reader"}, /* without threads nobody waits: what takes longest counts */
    {{.reader = 5, .workers = 30, .writer = 4}, "workers"},
    {{.reader = 5, .workers = 3, .writer = 6}, "writer"},
};

Test(text_workers_threads, who_waits_least_holds_up_the_others) {
  for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
    cr_assert_str_eq(text_times_bottleneck(&waiting[i].times), waiting[i].bottleneck, "case %zu", i);
}

enum { NAP_NS = 1000 * 1000 };

static size_t encode_after_a_nap(void *context, const char *text, size_t count, int32_t *ids,
                                 size_t capacity) {
  atomic_fetch_add((_Atomic unsigned *)context, 1);
  nanosleep(&(struct timespec){0, NAP_NS}, NULL);
  for (size_t i = 0; i < count && i < capacity; i++) ids[i] = (uint8_t)text[i];
  return count;
}

/* Each nap is a worker's; there is more text than jobs, so the reader waits for those that are asleep, and so does the
   calling thread. */
Test(text_workers_threads, time_is_counted_where_it_is_spent) {
  bytes lines = {0};
  for (int i = 0; i < 60; i++) put_text(&lines, "{\"text\":\"some words in a line\"}\n");
  const text_file file = {write_bytes("a.jsonl", &lines), -1, true, false};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  text_job_step = 40;
  for (uint32_t workers = 1; workers <= 2; workers++) {
    _Atomic unsigned calls = 0;
    gathered g = {0};
    BatchTokenizer *tokenizer = custom(encode_after_a_nap, &calls);
    options.tokenizer = tokenizer;
    options.workers = workers;
    encode(&file, &options, &g);
    cr_assert(g.good, "%s", g.message);
    cr_assert_eq(g.times.threads, workers == 1 ? 0 : workers);
    cr_assert_geq(g.times.workers, calls * (uint64_t)NAP_NS);
    cr_assert(g.times.reader > 0 && g.times.writer > 0);
    cr_assert_eq(g.times.reader_wait > 0, workers > 1);
    cr_assert_eq(g.times.writer_wait > 0, workers > 1);
    free_bytes(&g.given);
    batch_tokenizer_free(tokenizer);
  }
}

Test(text_workers_threads, the_processors_are_those_that_the_thread_may_run_on) {
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

Test(text_workers_threads, a_run_is_stopped_at_any_time_and_leaves_no_thread) {
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
    while (threads_of_this_process() != before) usleep(100); /* the kernel's are gone a moment later */
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

Test(text_workers_threads, progress_is_reported_while_a_document_takes_long) {
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

Test(text_workers_threads, a_child_is_told_that_the_threads_are_elsewhere_and_may_tokenize_itself) {
  bytes lines = random_lines(100);
  const char *path = write_bytes("a.jsonl", &lines);
  forking f = {0};
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.on_bad_line = BATCH_BAD_LINE_SKIP;
  options.workers = 3;
  text_job_step = 500;
  static BatchWriter *writer; /* where valgrind finds it when the child ends */
  writer = batch_writer_create(path_of("out.bin"), NULL);
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
