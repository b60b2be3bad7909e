/* The library's threads and descriptors: which there are, that no handler of the program's runs in the threads, and
   what happens when no more can be had. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include "loader.h"

enum { SKIPPED = 77, PAST_A_RING = 20000 };

static BatchLoader *make_loader(BatchDataset *dataset) {
  batch_loader_options options = small_options(2, 32);
  options.workers = 3;
  return batch_loader_create(dataset, &options);
}

static void nothing(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static BatchSpheres *start_spheres(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = nothing;
  return batch_spheres_start(&options);
}

/* Reads a line of a thread's status that begins with `field`. */
static void read_status(const char *thread, const char *field, char *value, size_t size) {
  char path[300], line[256];
  snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
  FILE *file = fopen(path, "r");
  *value = '\0';
  while (file && fgets(line, sizeof line, file))
    if (strncmp(line, field, strlen(field)) == 0)
      snprintf(value, size, "%.*s", (int)size - 1, line + strlen(field));
  if (file) fclose(file);
  value[strcspn(value, "\n")] = '\0';
}

/* Calls visit with the id of every thread but the main one. */
static unsigned each_thread(void (*visit)(const char *id)) {
  unsigned count = 0;
  DIR *directory = opendir("/proc/self/task");
  EXPECT(directory, "/proc/self/task");
  for (struct dirent *entry; (entry = readdir(directory));) {
    if (*entry->d_name == '.' || atoi(entry->d_name) == getpid()) continue;
    if (visit) visit(entry->d_name);
    count++;
  }
  closedir(directory);
  return count;
}

static uint64_t bit(int number) {
  return (uint64_t)1 << (number - 1);
}

/* A thread that has not begun yet has no name of its own, and everything blocked. */
static void wait_for_name(const char *thread, char *name, size_t size) {
  for (int patience = 10000; patience > 0; patience--) {
    read_status(thread, "Name:\t", name, size);
    if (strncmp(name, "headrace-", 9) == 0) return;
    usleep(1000);
  }
  EXPECT(false, "a thread is called %s", name);
}

/* All of the signals that somebody sends are blocked, and none of those that an instruction raises. */
static void expect_mask(const char *thread) {
  char name[64], blocked[64];
  wait_for_name(thread, name, sizeof name);
  read_status(thread, "SigBlk:\t", blocked, sizeof blocked);
  uint64_t mask = strtoull(blocked, NULL, 16);
  for (int i = 1; i < 32; i++) {
    if (i == SIGKILL || i == SIGSTOP) continue;
    bool raised = i == SIGBUS || i == SIGSEGV || i == SIGFPE || i == SIGILL || i == SIGTRAP || i == SIGSYS ||
                  i == SIGABRT;
    EXPECT(!(mask & bit(i)) == raised, "%s has signal %d %s", name, i, raised ? "blocked" : "let through");
  }
}

static void expect_no_threads(void) {
  for (int patience = 10000; patience > 0 && each_thread(NULL) > 0; patience--)
    usleep(1000); /* joined, not gone */
  EXPECT(each_thread(NULL) == 0, "%u threads are left", each_thread(NULL));
}

static void run_no_handlers(void) {
  sigset_t before, after;
  BatchDataset *dataset = open_dataset(TEXT_PATH);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  BatchLoader *loader = make_loader(dataset);
  BatchSpheres *spheres = start_spheres();
  EXPECT(loader && spheres, "%s", batch_last_error()->message);
  pthread_sigmask(SIG_SETMASK, NULL, &after);
  for (int i = 1; i < SIGRTMIN; i++)
    EXPECT(sigismember(&before, i) == sigismember(&after, i), "the caller's mask has changed: signal %d", i);
  EXPECT(each_thread(expect_mask) == 5, "%u threads", each_thread(NULL));
  batch_spheres_stop(spheres);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  expect_no_threads();
}

/* Text, of so many bytes, in a file that is gone when it is closed: its path leads to it as long as it is open. */
static FILE *make_text(size_t bytes, char *path, size_t size) {
  FILE *file = tmpfile();
  EXPECT(file, "tmpfile");
  for (size_t i = 0; i < bytes; i++) fputc("a line of text\n"[i % 15], file);
  EXPECT(fflush(file) == 0, "fflush");
  snprintf(path, size, "/proc/self/fd/%d", fileno(file));
  return file;
}

/* A writer in a folder of its own, which goes with it. */
typedef struct output {
  char folder[64], path[80];
  BatchWriter *writer;
} output;

static void open_output(output *o) {
  snprintf(o->folder, sizeof o->folder, "/tmp/headrace-process-XXXXXX");
  EXPECT(mkdtemp(o->folder), "mkdtemp");
  snprintf(o->path, sizeof o->path, "%s/out.bin", o->folder);
  o->writer = batch_writer_create(o->path, NULL);
  EXPECT(o->writer, "%s", batch_last_error()->message);
}

static void close_output(void *context) {
  output *o = context;
  batch_writer_free(o->writer);
  rmdir(o->folder);
}

/* Eight megabytes are more than the jobs of three workers hold, so that all threads are there in the callback. */
static batch_status tokenize_text(batch_tokenize_callback callback, void *context) {
  char path[64];
  output o;
  FILE *text = make_text(8000000, path, sizeof path);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  options.workers = 3;
  open_output(&o);
  batch_status status;
  pthread_cleanup_push(close_output, &o);
  status = batch_tokenize_files(&(const char *){path}, 1, &options, o.writer, callback, context);
  pthread_cleanup_pop(true);
  fclose(text);
  return status;
}

static bool look_at_threads(void *context, const batch_tokenize_progress *progress) {
  (void)context;
  if (progress->tokens == 0) return true; /* the first piece is read by the caller */
  unsigned count = each_thread(expect_mask);
  EXPECT(count == 4, "%u threads tokenize and read", count);
  return false;
}

static void tokenize_and_run_no_handlers(void) {
  EXPECT(tokenize_text(look_at_threads, NULL) == BATCH_CLOSED, "%s", batch_last_error()->message);
  expect_no_threads();
}

static bool cancel_itself(void *passed, const batch_tokenize_progress *progress) {
  if (progress->tokens == 0) return true;
  pthread_cancel(pthread_self());
  usleep(1); /* a cancellation point */
  *(bool *)passed = true;
  return false;
}

static void *tokenize_cancelled(void *passed) {
  tokenize_text(cancel_itself, passed);
  pthread_testcancel();
  return NULL;
}

/* The threads of a call use what lies on its stack. */
static void a_cancellation_waits_for_them(void) {
  bool passed = false;
  pthread_t thread;
  void *result;
  EXPECT(pthread_create(&thread, NULL, tokenize_cancelled, &passed) == 0, "no thread");
  EXPECT(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED, "not cancelled");
  EXPECT(passed, "cancelled while the threads were there");
  expect_no_threads();
  _exit(0); /* what a cancelled call held is not given back */
}

static void none_for_queues(void) {
  BatchQueue *queue = batch_queue_create(0);
  Batch *batch = batch_create(1, 1, 0);
  for (int i = 0; i < PAST_A_RING; i++) {
    batch_retain(batch);
    EXPECT(batch_queue_enqueue(queue, batch), "%s", batch_last_error()->message);
  }
  for (int i = 0; i < PAST_A_RING; i++) batch_release(batch_queue_dequeue(queue));
  EXPECT(each_thread(NULL) == 0, "%u threads", each_thread(NULL));
  batch_release(batch);
  batch_queue_free(queue);
}

/* No more threads for this user; privileges of root's would not be asked. */
static void allow_no_threads(void) {
  struct rlimit one = {1, 1};
  if (getuid() == 0 && (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) exit(SKIPPED);
  EXPECT(setrlimit(RLIMIT_NPROC, &one) == 0, "setrlimit");
}

static void *end_at_once(void *unused) {
  return unused;
}

static void not_to_be_had(void) {
  pthread_t thread;
  BatchDataset *dataset = open_dataset(TEXT_PATH);
  allow_no_threads();
  if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
    exit(SKIPPED); /* this system does not count them */
  EXPECT(!make_loader(dataset), "a loader without workers");
  EXPECT(batch_last_error()->code == BATCH_ERROR_OUT_OF_MEMORY, "%s", batch_last_error()->message);
  EXPECT(strstr(batch_last_error()->message, "batch_loader_create: no thread for worker 0 of 3"), "%s",
         batch_last_error()->message);
  EXPECT(!start_spheres(), "spheres without workers");
  EXPECT(batch_last_error()->code == BATCH_ERROR_OUT_OF_MEMORY, "%s", batch_last_error()->message);
  EXPECT(strstr(batch_last_error()->message, "batch_spheres_start: no thread for sphere 0 of 2"), "%s",
         batch_last_error()->message);
  none_for_queues();
  EXPECT(tokenize_text(NULL, NULL) == BATCH_OK, "%s", batch_last_error()->message);
  batch_dataset_free(dataset);
  _exit(0); /* LeakSanitizer would need a thread */
}

/* Marks what is open, or counts what is and was not; each of that is closed in a program that is started. */
static unsigned look_at_descriptors(bool mark, bool *marked, int most) {
  unsigned count = 0;
  DIR *directory = opendir("/proc/self/fd");
  EXPECT(directory, "/proc/self/fd");
  for (struct dirent *entry; (entry = readdir(directory));) {
    int file = atoi(entry->d_name);
    if (*entry->d_name == '.' || file >= most || file == dirfd(directory)) continue;
    if (mark) marked[file] = true;
    if (marked[file]) continue;
    EXPECT(fcntl(file, F_GETFD) & FD_CLOEXEC, "descriptor %d", file);
    count++;
  }
  closedir(directory);
  return count;
}

/* Nothing of the library's is open in a program that this one starts: files, a temporary one, a writer's, and what is polled. */
static void descriptors_are_closed_on_exec(void) {
  enum { MOST = 256 };
  bool marked[MOST] = {false};
  char path[64];
  output o;
  FILE *text = make_text(300000, path, sizeof path);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  look_at_descriptors(true, marked, MOST);
  BatchDataset *dataset = open_dataset(TEXT_PATH),
               *tokenized = batch_dataset_open(&(const char *){path}, 1, &options);
  BatchLoader *loader = make_loader(dataset);
  BatchQueue *queue = batch_queue_create(0);
  BatchPool *pool = batch_pool_create(1, 1, 1, 0);
  open_output(&o);
  EXPECT(tokenized && loader && queue && pool, "%s", batch_last_error()->message);
  EXPECT(batch_writer_append(o.writer, (const int32_t[]){1}, 1), "%s", batch_last_error()->message);
  EXPECT(batch_loader_fd(loader) >= 0 && batch_queue_fd(queue, BATCH_QUEUE_ENQUEUE) >= 0 &&
             batch_pool_fd(pool) >= 0,
         "%s", batch_last_error()->message);
  unsigned count = look_at_descriptors(false, marked, MOST);
  EXPECT(count >= 7, "%u descriptors of two datasets, a writer, a loader, a queue and a pool", count);
  close_output(&o);
  batch_pool_free(pool);
  batch_queue_free(queue);
  batch_loader_free(loader);
  batch_dataset_free(tokenized);
  batch_dataset_free(dataset);
  count = look_at_descriptors(false, marked, MOST);
  EXPECT(count == 0, "%u descriptors are left", count);
  fclose(text);
}

int main(int argc, char **argv) {
#define CASE(name)                                                                                           \
  { #name, name }
  static const process_case cases[] = {CASE(run_no_handlers),
                                       CASE(tokenize_and_run_no_handlers),
                                       CASE(a_cancellation_waits_for_them),
                                       CASE(none_for_queues),
                                       CASE(not_to_be_had),
                                       CASE(descriptors_are_closed_on_exec)};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
