/* fork: in a child every call of what has threads says so at once; queues, pools and datasets are the child's own
   copies, and work, also where the parent's threads wait in them.

   AddressSanitizer's allocator does not bear a fork while another thread is inside of it, which a thread is before it
   begins: so they are waited for, and allocate nothing. */
#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loader.h"

enum { WAITERS = 3, PAST_A_RING = 20000 };

/* Runs in a child, which must end well within 20 seconds. */
static void in_child(void (*act)(void)) {
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) {
    alarm(20);
    act();
    _exit(0);
  }
  int status;
  EXPECT(waitpid(child, &status, 0) == child, "waitpid");
  EXPECT(status == 0, "the child ended with status %x", (unsigned)status);
}

/* How many threads of this process have given themselves this name. */
static int count_named(const char *name) {
  int named = 0;
  DIR *threads = opendir("/proc/self/task");
  EXPECT(threads, "no /proc");
  for (struct dirent *thread; (thread = readdir(threads));) {
    char path[300], comm[32] = "";
    snprintf(path, sizeof path, "/proc/self/task/%s/comm", thread->d_name);
    FILE *file = fopen(path, "r");
    named += file && fgets(comm, sizeof comm, file) && strncmp(comm, name, strlen(name)) == 0;
    if (file) fclose(file);
  }
  closedir(threads);
  return named;
}

static void until_named(const char *name, int n) {
  while (count_named(name) < n) usleep(100);
}

static void expect_elsewhere(const char *call, bool refused) {
  EXPECT(refused, "%s did not fail", call);
  EXPECT(batch_last_error()->code == BATCH_ERROR_UNSUPPORTED, "%s: %s", call, batch_last_error()->message);
  EXPECT(strstr(batch_last_error()->message, call), "%s: %s", call, batch_last_error()->message);
}

static size_t metrics_of(batch_metrics_object object) {
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = &object;
  options.num_objects = 1;
  return batch_metrics_text(&options, NULL, 0);
}

static BatchDataset *dataset;
static BatchLoader *loader;
static Batch *first;
static batch_packing packing;

static BatchLoader *make_loader(void) {
  batch_loader_options options = small_options(2, 32);
  options.workers = 2;
  options.epochs = BATCH_LOADER_ENDLESS;
  options.packing = packing;
  options.pack_window = 1;
  BatchLoader *made = start_loader(dataset, &options);
  until_named("headrace-loader", (int)options.workers);
  return made;
}

static void use_parents_loader(void) {
  Batch *batch;
  batch_loader_state state;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  uint64_t steps = batch_loader_epoch_steps(loader);
  EXPECT(steps > 0 && batch_loader_epoch_rows(loader) > 0, "constants stay");
  expect_elsewhere("batch_loader_next", !batch_loader_next(loader));
  expect_elsewhere("batch_loader_next", batch_loader_next_until(loader, &batch, BATCH_NO_WAIT) != BATCH_OK);
  expect_elsewhere("batch_loader_get_state", !batch_loader_get_state(loader, &state));
  expect_elsewhere("batch_loader_state_at", !batch_loader_state_at(loader, 0, 0, &state));
  expect_elsewhere("batch_loader_replay", !batch_loader_replay(loader, 0, 0));
  expect_elsewhere("batch_loader_places", !batch_loader_places(loader, &(Batch){0}, &(uint64_t){0}));
  expect_elsewhere("batch_loader_get_stats", !batch_loader_get_stats(loader, &stats));
  expect_elsewhere("batch_metrics_text", !metrics_of((batch_metrics_object){.loader = loader}));
  batch_loader_close(loader);
  expect_elsewhere("batch_loader_close", true);
  batch_loader_free(loader);
  batch_release(first);
}

static void use_own_loader(void) {
  use_parents_loader();
  loader = make_loader();
  for (int i = 0; i < 20; i++) batch_release(batch_loader_next(loader));
  first = batch_loader_next(loader);
  EXPECT(first, "%s", batch_last_error()->message);
  in_child(use_parents_loader);
  batch_release(first);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
}

/* The second time the parent's workers pack a window for each batch or two, with a lock that the child must not need. */
static void loaders(void) {
  dataset = open_dataset(TEXT_PATH);
  loader = make_loader();
  first = batch_loader_next(loader);
  for (int i = 0; i < 20; i++) {
    in_child(i % 2 ? use_parents_loader : use_own_loader);
    batch_release(batch_loader_next(loader));
  }
  batch_release(first);
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  if (packing == BATCH_PACK_BEST_FIT) return;
  packing = BATCH_PACK_BEST_FIT;
  loaders();
}

static BatchSpheres *running;
static atomic_uint processed;

static void count(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
  atomic_fetch_add(&processed, 1);
}

static BatchSpheres *start(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = count;
  BatchSpheres *started = batch_spheres_start(&options);
  EXPECT(started, "%s", batch_last_error()->message);
  until_named("headrace-sphere", (int)options.num_spheres);
  return started;
}

static void dispatch(unsigned n) {
  unsigned before = atomic_load(&processed);
  for (unsigned i = 0; i < n; i++)
    EXPECT(batch_spheres_dispatch(running, i % 2, batch_create(2, 1, 0)), "%s", batch_last_error()->message);
  batch_spheres_drain(running);
  EXPECT(atomic_load(&processed) == before + n, "%u processed", atomic_load(&processed) - before);
}

static void use_parents_spheres(void) {
  Batch *batch = batch_create(2, 1, 0);
  batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
  expect_elsewhere("batch_spheres_dispatch", !batch_spheres_dispatch(running, 0, batch));
  expect_elsewhere("batch_metrics_text", !metrics_of((batch_metrics_object){.spheres = running}));
  expect_elsewhere("batch_spheres_dispatch_many", !batch_spheres_dispatch_many(running, NULL, &batch, 1));
  expect_elsewhere("batch_spheres_dispatch_split", !batch_spheres_dispatch_split(running, batch));
  expect_elsewhere("batch_spheres_get_stats", !batch_spheres_get_stats(running, 0, &stats));
  batch_release(batch);
  batch_spheres_drain(running);
  expect_elsewhere("batch_spheres_drain", true);
  batch_spheres_stop(running);
}

static void use_own_spheres(void) {
  use_parents_spheres();
  running = start();
  dispatch(50);
  batch_spheres_stop(running);
}

static void spheres(void) {
  running = start();
  for (int i = 0; i < 20; i++) {
    in_child(i % 2 ? use_parents_spheres : use_own_spheres);
    dispatch(10);
  }
  batch_spheres_stop(running);
}

static BatchQueue *queue;
static BatchPool *pool;
static Batch *out;
static atomic_int begun;

static void *take_from_queue(void *unused) {
  atomic_fetch_add(&begun, 1);
  for (Batch *batch; (batch = batch_queue_dequeue(queue));) batch_release(batch);
  return unused;
}

static void *take_from_pool(void *unused) {
  atomic_fetch_add(&begun, 1);
  Batch *batch = batch_pool_allocate(pool);
  EXPECT(batch, "%s", batch_last_error()->message);
  batch_release(batch);
  return unused;
}

static void start_threads(pthread_t *threads, void *(*run)(void *)) {
  atomic_store(&begun, 0);
  for (int i = 0; i < WAITERS; i++) EXPECT(pthread_create(&threads[i], NULL, run, NULL) == 0, "no thread");
  while (atomic_load(&begun) < WAITERS) usleep(100);
}

static void join_threads(pthread_t *threads) {
  for (int i = 0; i < WAITERS; i++) pthread_join(threads[i], NULL);
}

/* Its own threads wait and are woken beside waiters that are only counted. */
static void use_queue(void) {
  pthread_t threads[WAITERS];
  Batch *batch;
  while ((batch = batch_queue_try_dequeue(queue)))
    batch_release(batch); /* what the parent's threads had not taken */
  batch = batch_create(1, 1, 0);
  for (int i = 0; i < PAST_A_RING; i++) {
    batch_retain(batch);
    EXPECT(batch_queue_try_enqueue(queue, batch), "%s", batch_last_error()->message);
    batch_release(batch_queue_try_dequeue(queue));
  }
  start_threads(threads, take_from_queue);
  for (int i = 0; i < 100; i++) {
    usleep(100); /* so that they sleep now and then */
    batch_retain(batch);
    EXPECT(batch_queue_enqueue(queue, batch), "%s", batch_last_error()->message);
  }
  batch_queue_close(queue);
  join_threads(threads);
  batch_queue_free(queue);
}

static void wait_in_queue(uint32_t capacity) {
  pthread_t threads[WAITERS];
  Batch *batch = batch_create(1, 1, 0);
  queue = batch_queue_create(capacity);
  start_threads(threads, take_from_queue);
  for (int i = 0; i < 10; i++) {
    in_child(use_queue);
    for (int k = 0; k < 10; k++) {
      batch_retain(batch);
      batch_queue_enqueue(queue, batch);
    }
  }
  batch_queue_close(queue);
  join_threads(threads);
  batch_release(batch);
  batch_queue_free(queue);
}

static void queues(void) {
  wait_in_queue(4);
  wait_in_queue(0);
}

static void use_pool(void) {
  pthread_t threads[WAITERS];
  start_threads(threads, take_from_pool);
  usleep(1000);
  batch_release(out);
  join_threads(threads);
  Batch *back = batch_pool_try_allocate(pool);
  EXPECT(back, "%s", batch_last_error()->message);
}

static void pools(void) {
  pthread_t threads[WAITERS];
  pool = batch_pool_create(1, 1, 1, 0);
  out = batch_pool_allocate(pool);
  start_threads(threads, take_from_pool);
  for (int i = 0; i < 10; i++) in_child(use_pool);
  batch_release(out);
  join_threads(threads);
  batch_pool_free(pool);
}

int main(int argc, char **argv) {
  static const process_case cases[] = {
      {"loaders", loaders}, {"spheres", spheres}, {"queues", queues}, {"pools", pools}};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
