/* fork: in a child every call of what has threads says so at once; queues, pools and datasets are the child's own
   copies, and work, also where the parent's threads wait in them.

   AddressSanitizer's allocator does not bear a fork while another thread is inside of it, which a thread is before it
   begins: so they are waited for, and allocate nothing. */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
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

/* What threads are in the middle of when another one forks, each call again and again until stop. */
static atomic_bool stop;
static atomic_bool compiling, forking; /* see pcre2_jit_compile_8 */
static BatchArena *arena;

static void expect_good(bool good, const char *what) {
  EXPECT(good, "%s: %s", what, batch_last_error()->message);
}

/* The vocabulary for tests, split by a pattern that is none of those that are known: PCRE2 compiles it. */
static char tokenizer_path[] = "/tmp/headrace-fork-XXXXXX";

static void make_tokenizer(void) {
  static const char split[] = "\"pre_tokenizer\": {\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": "
                              "\"Split\", \"pattern\": {\"Regex\": "
                              "\"\\\\p{L}{1,3}|[^\\\\p{L}]\"}, \"behavior\": \"Isolated\", \"invert\": "
                              "false}, {\"type\": \"ByteLevel\", "
                              "\"add_prefix_space\": false, \"trim_offsets\": true, \"use_regex\": false}]}";
  static char text[1 << 16];
  FILE *from = fopen(HEADRACE_TEST_VOCABULARY "/small.json", "r");
  FILE *to = fdopen(mkstemp(tokenizer_path), "w");
  EXPECT(from && to, "no file");
  size_t bytes = fread(text, 1, sizeof text - 1, from);
  char *begin = strstr(text, "\"pre_tokenizer\""), *end = begin ? strchr(begin, '}') : NULL;
  EXPECT(bytes < sizeof text - 1 && end, "small.json is another one");
  fprintf(to, "%.*s%s%s", (int)(begin - text), text, split, end + 1);
  fclose(from);
  EXPECT(fclose(to) == 0, "no file");
}

static void use_open_tokenizer(void) {
  BatchTokenizer *tokenizer = batch_tokenizer_open(tokenizer_path, NULL);
  expect_good(tokenizer || batch_last_error()->code == BATCH_ERROR_UNSUPPORTED, "open a tokenizer");
  batch_tokenizer_free(tokenizer);
}

static void use_arena_pool(void) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 3;
  options.shape.batch_size = 2;
  options.shape.sequence_length = 8;
  options.allocator = batch_arena_allocator(arena);
  BatchPool *made = batch_pool_create_with(&options);
  expect_good(made && batch_pool_resize(made, 5), "a pool of an arena");
  batch_release(batch_pool_allocate(made));
  batch_pool_free(made);
}

static void use_dataset(void) {
  int32_t ids[64];
  uint64_t begin, end;
  expect_good(batch_dataset_read(dataset, 0, 64, ids), "read");
  expect_good(batch_dataset_document(dataset, 0, &begin, &end), "document");
  batch_dataset_free(open_dataset(TEXT_PATH));
}

static void use_polled_queue(void) {
  BatchQueue *made = batch_queue_create(0);
  expect_good(made && batch_queue_fd(made, BATCH_QUEUE_DEQUEUE) >= 0, "a descriptor");
  batch_queue_arm(made, BATCH_QUEUE_DEQUEUE);
  for (int i = 0; i < 20; i++) expect_good(batch_queue_enqueue(made, batch_create(1, 1, 0)), "enqueue");
  batch_release(batch_queue_dequeue(made));
  batch_queue_free(made);
}

static void use_short_loader(void) {
  batch_loader_options options = small_options(2, 64);
  options.packing = BATCH_PACK_BEST_FIT;
  BatchLoader *made = start_loader(dataset, &options);
  batch_release(batch_loader_next(made));
  batch_loader_free(made);
}

static void use_writer(void) {
  char folder[] = "/tmp/headrace-fork-XXXXXX", path[64];
  EXPECT(mkdtemp(folder), "mkdtemp");
  snprintf(path, sizeof path, "%s/out.bin", folder);
  BatchWriter *writer = batch_writer_create(path, NULL);
  expect_good(writer && batch_writer_append(writer, (const int32_t[]){1, 2}, 2), "append");
  batch_writer_free(writer);
  EXPECT(rmdir(folder) == 0, "a writer leaves something");
}

static void (*const uses[])(void) = {use_open_tokenizer, use_arena_pool,   use_dataset,
                                     use_polled_queue,   use_short_loader, use_writer};
enum { USES = sizeof uses / sizeof *uses };

static void *go_on(void *use) {
  while (!atomic_load(&stop)) (*(void (*const *)(void))use)();
  return NULL;
}

static void use_all(void) {
  for (size_t i = 0; i < USES; i++) uses[i]();
}

static void use_all_and_fork(void) {
  use_all();
  in_child(use_all);
}

static void *fork_often(void *unused) {
  for (int i = 0; i < 5; i++) in_child(i % 3 ? use_all : use_all_and_fork);
  return unused;
}

/* In a thread that is not the first, while others are in the middle of every call that could hold something. */
static void beside_others(void) {
  pthread_t threads[USES], forker;
#ifdef UNDER_ADDRESS_SANITIZER
  exit(77); /* see above */
#endif
  atomic_store(&forking, true);
  make_tokenizer();
  dataset = open_dataset(TEXT_PATH);
  arena = batch_arena_create(NULL);
  for (size_t i = 0; i < USES; i++)
    EXPECT(pthread_create(&threads[i], NULL, go_on, (void *)(uintptr_t)&uses[i]) == 0, "no thread");
  EXPECT(pthread_create(&forker, NULL, fork_often, NULL) == 0, "no thread");
  pthread_join(forker, NULL);
  atomic_store(&stop, true);
  for (size_t i = 0; i < USES; i++) pthread_join(threads[i], NULL);
  batch_arena_free(arena);
  batch_dataset_free(dataset);
  unlink(tokenizer_path);
}

/* PCRE2's, which the library calls: takes until somebody is about to fork, and a while longer. */
int pcre2_jit_compile_8(void *code, uint32_t options);
int pcre2_jit_compile_8(void *code, uint32_t options) {
  int (*real)(void *, uint32_t) =
      __extension__(int (*)(void *, uint32_t)) dlsym(RTLD_NEXT, "pcre2_jit_compile_8");
  atomic_store(&compiling, true);
  while (!atomic_load(&forking)) usleep(100);
  usleep(2000);
  int answer = real(code, options);
  atomic_store(&compiling, false);
  return answer;
}

static void compile_as_well(void) {
  EXPECT(!atomic_load(&compiling), "forked inside PCRE2, which holds a lock");
  use_open_tokenizer();
}

static void *open_tokenizer(void *unused) {
  use_open_tokenizer();
  return unused;
}

/* What a pattern is compiled under is held by nobody in the child. */
static void while_a_pattern_is_compiled(void) {
  pthread_t thread;
  make_tokenizer();
  EXPECT(pthread_create(&thread, NULL, open_tokenizer, NULL) == 0, "no thread");
  for (int patience = 5000; patience > 0 && !atomic_load(&compiling); patience--) usleep(1000);
  if (!atomic_load(&compiling)) exit(77); /* a build without PCRE2 */
  atomic_store(&forking, true);
  in_child(compile_as_well);
  pthread_join(thread, NULL);
  unlink(tokenizer_path);
}

/* Forks once, in a callback; both return from it. All signals are blocked in the child's thread: its parent looks after it. */
static _Atomic pid_t forked;

static void fork_once(void) {
  pid_t none = 0;
  if (!atomic_compare_exchange_strong(&forked, &none, -1)) return;
  fflush(NULL);
  pid_t child = fork();
  if (child != 0) atomic_store(&forked, child);
}

static void expect_that_child_ends(const char *callback) {
  int status, ended = 0;
  pid_t child;
  for (int patience = 20000; (child = atomic_load(&forked)) <= 0; patience--, usleep(1000))
    EXPECT(patience > 0, "%s: it has not been called", callback);
  for (int patience = 20000; patience > 0 && ended == 0; patience--, usleep(1000))
    ended = waitpid(child, &status, WNOHANG);
  if (ended != child) kill(child, SIGKILL);
  EXPECT(ended == child && status == 0, "%s: its thread goes on in the child, %d", callback, ended);
  atomic_store(&forked, 0);
}

static bool fork_in_transform(const void *context, Batch *batch, uint32_t row, batch_random *random) {
  (void)context, (void)batch, (void)row, (void)random;
  fork_once();
  return true;
}

static void fork_in_process(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
  fork_once();
}

static size_t fork_in_encode(void *context, const char *text, size_t bytes, int32_t *ids, size_t capacity) {
  (void)context;
  if (gettid() != getpid()) fork_once(); /* the calling thread, too, looks at the tokenizer */
  for (size_t i = 0; i < bytes && i < capacity; i++) ids[i] = (unsigned char)text[i];
  return bytes;
}

static size_t decode_nothing(void *context, const int32_t *ids, size_t count, char *text, size_t capacity) {
  (void)context, (void)ids, (void)text, (void)count, (void)capacity;
  return 0;
}

static void tokenize_and_fork(void) {
  char path[] = "/tmp/headrace-fork-XXXXXX";
  batch_tokenizer_functions functions = BATCH_TOKENIZER_FUNCTIONS_INIT;
  functions.encode = fork_in_encode;
  functions.decode = decode_nothing;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  BatchTokenizer *tokenizer = batch_tokenizer_custom(&functions, NULL, 256, BATCH_NO_TOKEN);
  FILE *text = fdopen(mkstemp(path), "w");
  for (int i = 0; i < 100000; i++) fprintf(text, "{\"text\":\"%d\"}\n", i);
  EXPECT(fclose(text) == 0 && tokenizer, "no text");
  options.format = BATCH_FORMAT_JSONL;
  options.tokenizer = tokenizer;
  options.workers = 2;
  BatchDataset *tokenized = batch_dataset_open(&(const char *){path}, 1, &options);
  EXPECT(tokenized, "%s", batch_last_error()->message);
  batch_dataset_free(tokenized);
  batch_tokenizer_free(tokenizer);
  unlink(path);
}

/* The child of a callback in one of the library's threads is that thread: when the callback returns, it ends. */
static void in_callbacks(void) {
  const batch_transform transform = {fork_in_transform, NULL};
  batch_loader_options options = small_options(2, 32);
  batch_spheres_options start = BATCH_SPHERES_OPTIONS_INIT;
#ifdef UNDER_ADDRESS_SANITIZER
  exit(77); /* see above */
#endif
  options.workers = 2;
  options.transforms = &transform;
  options.num_transforms = 1;
  dataset = open_dataset(TEXT_PATH);
  loader = start_loader(dataset, &options);
  for (Batch *batch; (batch = batch_loader_next(loader));) batch_release(batch);
  expect_that_child_ends("a transform");
  batch_loader_free(loader);
  batch_dataset_free(dataset);
  start.num_spheres = 2;
  start.process = fork_in_process;
  running = batch_spheres_start(&start);
  expect_good(running && batch_spheres_dispatch(running, 0, batch_create(2, 1, 0)), "dispatch");
  expect_that_child_ends("process");
  batch_spheres_stop(running);
  tokenize_and_fork();
  expect_that_child_ends("encode");
}

int main(int argc, char **argv) {
  static const process_case cases[] = {{"loaders", loaders},
                                       {"spheres", spheres},
                                       {"queues", queues},
                                       {"pools", pools},
                                       {"in_callbacks", in_callbacks},
                                       {"beside_others", beside_others},
                                       {"while_a_pattern_is_compiled", while_a_pattern_is_compiled}};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
