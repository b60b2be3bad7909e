/* What a release does in a thread that must not do much, as the one that a GPU's stream runs its functions in: no lock, no
   allocation, and no system call but one that wakes whoever waits for a batch, where somebody does. Of batches in an
   arena, the last ones of a freed pool or loader too. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#include "process/loader.h"
#include "process/watched.h"
#include "sync/port.h"

enum { BATCHES = 8, ROUNDS = 10, STEPS = 2000, MOST_SLEEPERS = 2 };

static Batch *out[2 * BATCHES];
static unsigned num_out;
static BatchArena *arena;
static BatchPool *pool;

static batch_pool_options pool_options(bool in_arena) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  if (in_arena && !arena) arena = batch_arena_create(NULL);
  if (in_arena) options.allocator = batch_arena_allocator(arena);
  return options;
}

static void make_pool(batch_pool_options options, uint32_t batches) {
  options.pool_size = batches;
  options.shape = (batch_shape){.batch_size = 2, .sequence_length = 16, .input_type = TENSOR_UINT16};
  pool = batch_pool_create_with(&options);
  EXPECT(pool, "%s", batch_last_error()->message);
}

static void take(uint32_t batches) {
  while (batches-- > 0) {
    out[num_out] = batch_pool_allocate(pool);
    EXPECT(out[num_out++], "%s", batch_last_error()->message);
  }
}

/* The end of each case: all has come back. */
static void free_all(void) {
  batch_pool_free(pool);
  EXPECT(!arena || batch_arena_in_use(arena) == 0, "%zu bytes are in use", batch_arena_in_use(arena));
  batch_arena_free(arena);
  EXPECT(batch_count_live() == 0, "%zu batches are alive", batch_count_live());
}

/* Releases all that is out. */
static void release_quietly(void *unused) {
  (void)unused;
  watched seen = watch();
  for (unsigned i = 0; i < num_out; i++) batch_release(out[i]);
  unwatch(&seen);
  EXPECT_SEEN(is_quiet(&seen), &seen);
}

static void nobody_waits(void) {
  make_pool(pool_options(true), BATCHES);
  take(BATCHES);
  watched_run(release_quietly, NULL);
  free_all();
}

/* The views of a batch that has been dropped before, and one that has two references. */
static void views_and_references(void) {
  make_pool(pool_options(true), 2);
  take(2);
  Batch *parent = out[0];
  batch_retain(out[1]);
  out[2] = out[1];
  EXPECT(batch_split(parent, 1, &out[0]), "%s", batch_last_error()->message);
  EXPECT(batch_split(parent, 1, &out[3]), "%s", batch_last_error()->message);
  batch_release(parent);
  num_out = 4;
  watched_run(release_quietly, NULL);
  free_all();
}

static void the_last_batches_of_a_freed_pool(void) {
  make_pool(pool_options(true), BATCHES);
  take(BATCHES);
  batch_pool_free(pool);
  pool = NULL;
  watched_run(release_quietly, NULL);
  free_all();
}

static void those_that_a_smaller_pool_does_not_need(void) {
  make_pool(pool_options(true), BATCHES);
  take(BATCHES);
  EXPECT(batch_pool_resize(pool, 2), "%s", batch_last_error()->message);
  watched_run(release_quietly, NULL);
  free_all();
}

static BatchDataset *dataset;
static BatchLoader *loader;

static void make_loader(const batch_pool_options *pools, BatchPool *from) {
  batch_loader_options options = small_options(2, 16);
  dataset = open_dataset(TEXT_PATH);
  options.id_type = BATCH_IDS_UINT16;
  options.epochs = BATCH_LOADER_ENDLESS;
  options.pool_size = from ? 0 : BATCHES;
  options.workers = from ? 1 : 2;
  options.pool_options = pools;
  options.pool = from;
  loader = start_loader(dataset, &options);
}

static void take_from_loader(unsigned batches) {
  while (num_out < batches) {
    out[num_out] = batch_loader_next(loader);
    EXPECT(out[num_out++], "%s", batch_last_error()->message);
  }
}

static void the_last_batches_of_a_freed_loader(void) {
  batch_pool_options pools = pool_options(true);
  make_loader(&pools, NULL);
  take_from_loader(BATCHES);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  watched_run(release_quietly, NULL);
  free_all();
}

/* Whether a thread of this process, as /proc has it, sleeps. */
static bool sleeps(const char *thread) {
  char path[300], text[512] = "";
  snprintf(path, sizeof path, "/proc/self/task/%s/stat", thread);
  FILE *file = fopen(path, "r");
  bool got = file && fgets(text, sizeof text, file);
  if (file) fclose(file);
  const char *name_end = got ? strrchr(text, ')') : NULL;
  return name_end && name_end[1] == ' ' && name_end[2] == 'S';
}

static bool is_named(const char *thread, const char *name) {
  char path[300], text[32] = "";
  snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread);
  FILE *file = fopen(path, "r");
  bool got = file && fgets(text, sizeof text, file);
  if (file) fclose(file);
  return got && strncmp(text, name, strlen(name)) == 0;
}

static unsigned count_asleep(const char *name) {
  unsigned asleep = 0;
  DIR *tasks = opendir("/proc/self/task");
  EXPECT(tasks, "%s", strerror(errno));
  for (struct dirent *entry; (entry = readdir(tasks));)
    asleep += entry->d_name[0] != '.' && is_named(entry->d_name, name) && sleeps(entry->d_name);
  closedir(tasks);
  return asleep;
}

/* Returns when so many threads with this name have slept for some looks: nobody wakes them meanwhile. */
static void until_asleep(const char *name, unsigned threads) {
  for (unsigned looks = 0; looks < 3; sched_yield()) looks = count_asleep(name) == threads ? looks + 1 : 0;
}

/* A thread that waits for a batch again and again, and hands each to the one that releases it. */
static _Atomic(Batch *) handed;
static atomic_bool over;

static void *wait_for_batches(void *unused) {
  pthread_setname_np(pthread_self(), "sleeper");
  for (Batch *batch; (batch = batch_pool_allocate(pool));) {
    Batch *none = NULL;
    while (!atomic_compare_exchange_weak(&handed, &none, batch)) none = NULL, sched_yield();
  }
  return unused;
}

static Batch *take_handed(void) {
  Batch *batch;
  while (!(batch = atomic_exchange(&handed, NULL))) sched_yield();
  return batch;
}

static void release_to_sleepers(void *number) {
  unsigned sleepers = *(unsigned *)number;
  for (int i = 0; i < ROUNDS; i++) {
    until_asleep("sleeper", sleepers);
    watched seen = watch();
    batch_release(out[0]);
    unwatch(&seen);
    EXPECT_SEEN(seen.wakes == 1, &seen);
    seen.wakes = 0;
    EXPECT_SEEN(is_quiet(&seen), &seen);
    out[0] = take_handed();
  }
}

static void wake_one_of(unsigned sleepers) {
  pthread_t threads[MOST_SLEEPERS];
  make_pool(pool_options(true), 1);
  take(1);
  for (unsigned i = 0; i < sleepers; i++)
    EXPECT(pthread_create(&threads[i], NULL, wait_for_batches, NULL) == 0, "no thread");
  watched_run(release_to_sleepers, &sleepers);
  batch_pool_close(pool);
  /* cppcheck-suppress uninitvar; as many as were started */
  for (unsigned i = 0; i < sleepers; i++) pthread_join(threads[i], NULL);
  batch_release(out[0]);
  free_all();
}

static void one_waits(void) {
  wake_one_of(1);
}

static void two_wait(void) {
  wake_one_of(2);
}

/* All batches are out and the workers asleep; each release wakes the one that it is for. */
static void release_to_workers(void *unused) {
  (void)unused;
  for (int i = 0; i < ROUNDS; i++) {
    until_asleep("headrace-loader", 2);
    watched seen = watch();
    batch_release(out[--num_out]);
    unwatch(&seen);
    EXPECT_SEEN(seen.wakes == 1, &seen);
    seen.wakes = 0;
    EXPECT_SEEN(is_quiet(&seen), &seen);
    take_from_loader(BATCHES);
  }
}

static void workers_wait(void) {
  batch_pool_options pools = pool_options(true);
  make_loader(&pools, NULL);
  take_from_loader(BATCHES);
  watched_run(release_to_workers, NULL);
  while (num_out > 0) batch_release(out[--num_out]);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  free_all();
}

/* What the trainer has sent, as the streams of a GPU release it. */
static void release_what_is_sent(void *sent) {
  for (Batch *batch; (batch = batch_queue_dequeue(sent));) {
    watched seen = watch();
    batch_release(batch);
    unwatch(&seen);
    EXPECT_SEEN(seen.wakes <= 1, &seen);
    seen.wakes = 0;
    EXPECT_SEEN(is_quiet(&seen), &seen);
  }
}

static void *train(void *sent) {
  for (int i = 0; i < STEPS; i++) {
    Batch *batch = batch_loader_next(loader);
    EXPECT(batch && batch_queue_enqueue(sent, batch), "%s", batch_last_error()->message);
  }
  batch_loader_free(loader);
  batch_queue_close(sent);
  return NULL;
}

/* Workers, trainer and the thread that releases go on beside each other, and the loader is freed before the last ones. */
static void while_a_loader_runs(void) {
  pthread_t thread;
  BatchQueue *sent = batch_queue_create(BATCHES);
  batch_pool_options pools = pool_options(true);
  make_loader(&pools, NULL);
  EXPECT(pthread_create(&thread, NULL, train, sent) == 0, "no thread");
  watched_run(release_what_is_sent, sent);
  pthread_join(thread, NULL);
  batch_queue_free(sent);
  batch_dataset_free(dataset);
  free_all();
}

static void release_to_all_kinds(void *unused) {
  (void)unused;
  until_asleep("headrace-loader", 1);
  until_asleep("sleeper", 1);
  watched seen = watch();
  batch_release(out[0]);
  unwatch(&seen);
  EXPECT_SEEN(seen.wakes == 2 && seen.calls == 1 && seen.last == SYS_write, &seen);
  EXPECT_SEEN(seen.allocations + seen.frees + seen.locks == 0, &seen);
}

/* A pool of the caller's that a loader takes its batches from, somebody else waits for, and an event loop polls. */
static void each_kind_of_waiter_is_told(void) {
  pthread_t thread;
  make_pool(pool_options(true), 2);
  take(2);
  make_loader(NULL, pool);
  EXPECT(pthread_create(&thread, NULL, wait_for_batches, NULL) == 0, "no thread");
  EXPECT(batch_pool_fd(pool) >= 0 && batch_pool_arm(pool) == BATCH_OK, "%s", batch_last_error()->message);
  watched_run(release_to_all_kinds, NULL);
  _exit(0); /* who of the two has got the batch is no matter */
}

/* As many as can be had are taken and released by another thread all the time. */
static void *go_round(void *unused) {
  while (!atomic_load(&over)) batch_release(batch_pool_try_allocate(pool));
  return unused;
}

static void release_beside_others(void *unused) {
  (void)unused;
  for (int i = 0; i < 20000; i++) {
    Batch *batch = batch_pool_try_allocate(pool);
    watched seen = watch();
    batch_release(batch);
    unwatch(&seen);
    EXPECT_SEEN(is_quiet(&seen), &seen);
  }
}

static void beside_others(void) {
  pthread_t thread;
  make_pool(pool_options(true), 4);
  EXPECT(pthread_create(&thread, NULL, go_round, NULL) == 0, "no thread");
  watched_run(release_beside_others, NULL);
  atomic_store(&over, true);
  pthread_join(thread, NULL);
  free_all();
}

static void linger(void *unused) {
  (void)unused;
  static port_crowd crowd;
  watched seen = watch();
  port_linger(&crowd, 1000);
  unwatch(&seen);
  EXPECT_SEEN(is_quiet(&seen), &seen);
}

/* Who meets another one at the pool waits a moment, the longer the more processors there are. To count them is to read
   files, which the first one of the process must not have to do. */
static void processors_have_been_counted(void) {
  make_pool(pool_options(true), 1);
  watched_run(linger, NULL);
  free_all();
}

/* Controls, each of which must be reported: free, a system call, a lock. */
static void control_free(void) {
  make_pool(pool_options(false), 1);
  take(1);
  batch_pool_free(pool);
  watched_run(release_quietly, NULL);
}

static void control_call(void) {
  batch_pool_options options = pool_options(false);
  options.huge_pages = true;
  make_pool(options, 1);
  take(1);
  batch_pool_free(pool);
  watched_run(release_quietly, NULL);
}

static void lock(void *unused) {
  (void)unused;
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  watched seen = watch();
  pthread_mutex_lock(&mutex);
  unwatch(&seen);
  EXPECT_SEEN(is_quiet(&seen), &seen);
}

static void control_lock(void) {
  watched_run(lock, NULL);
}

int main(int argc, char **argv) {
  static const process_case cases[] = {
      {"nobody_waits", nobody_waits},
      {"views_and_references", views_and_references},
      {"the_last_batches_of_a_freed_pool", the_last_batches_of_a_freed_pool},
      {"the_last_batches_of_a_freed_loader", the_last_batches_of_a_freed_loader},
      {"those_that_a_smaller_pool_does_not_need", those_that_a_smaller_pool_does_not_need},
      {"one_waits", one_waits},
      {"two_wait", two_wait},
      {"workers_wait", workers_wait},
      {"while_a_loader_runs", while_a_loader_runs},
      {"each_kind_of_waiter_is_told", each_kind_of_waiter_is_told},
      {"beside_others", beside_others},
      {"processors_have_been_counted", processors_have_been_counted},
      {"control_free", control_free},
      {"control_call", control_call},
      {"control_lock", control_lock},
  };
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
