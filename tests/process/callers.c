/* Threads that call the library, and are not as threads usually are.

   pthread_cancel: no call of the library is a cancellation point. A thread that is cancelled, before a call or while
   it waits in one, comes out of it with everything done, and is cancelled by the next cancellation point of the program's
   own; callbacks that a call makes in it run with cancellation disabled. `control` calls what is one, and must be noticed.

   Small stacks: 64 KiB are enough for every call (SentencePiece's library apart), and for the library's own threads. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/resource.h>

#include "loader.h"

enum { IDS = 1000 };

static char folder[] = "/tmp/headrace-callers-XXXXXX", state_path[64], tokens_path[64], megatron_path[64],
            text_path[64];
static const char *volatile calling = "nothing";

#define CALL(call) (calling = #call, (call))

static void write_file(const char *path, size_t bytes) {
  FILE *file = fopen(path, "w");
  EXPECT(file, "%s", path);
  for (size_t i = 0; i < bytes; i++) fputc("a line of text\n"[i % 15], file);
  EXPECT(fclose(file) == 0, "%s", path);
}

static void make_folder(void) {
  EXPECT(mkdtemp(folder), "mkdtemp");
  snprintf(state_path, sizeof state_path, "%s/state", folder);
  snprintf(tokens_path, sizeof tokens_path, "%s/tokens.ds", folder);
  snprintf(megatron_path, sizeof megatron_path, "%s/megatron.bin", folder);
  snprintf(text_path, sizeof text_path, "%s/text.txt", folder);
  write_file(text_path, 600000); /* several pieces, so that threads tokenize */
}

static void remove_folder(void) {
  static const char *const names[] = {"state",     "megatron.bin",    "megatron.idx",   "megatron.bin.loss",
                                      "tokens.ds", "tokens.ds.index", "tokens.ds.loss", "tokens.ds.metadata",
                                      "text.txt"};
  char path[128];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, names[i]);
    unlink(path);
  }
  EXPECT(rmdir(folder) == 0, "something is left in %s", folder);
}

static void good(bool so) {
  if (!so) pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, NULL); /* what says so is a cancellation point */
  EXPECT(so, "%s: %s", calling, batch_last_error()->message);
}

static void write_format(const char *path, batch_format format) {
  static int32_t ids[IDS];
  static uint8_t loss[IDS];
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = format;
  BatchWriter *writer = CALL(batch_writer_create(path, &options));
  good(writer);
  good(CALL(batch_writer_check_input(writer, text_path)));
  good(CALL(batch_writer_append(writer, ids, IDS)));
  good(CALL(batch_writer_append_masked(writer, ids, loss, IDS)));
  good(CALL(batch_writer_end_document(writer)));
  good(CALL(batch_tokenize_files(&(const char *){text_path}, 1, NULL, writer, NULL, NULL)) == BATCH_OK);
  good(CALL(batch_writer_finish(writer)));
  CALL(batch_writer_free(writer));
}

static void read_dataset(const char *path, uint32_t workers) {
  int32_t ids[16];
  uint8_t loss[16];
  int64_t least, most;
  uint64_t start, end, fingerprint;
  batch_dataset_file file = BATCH_DATASET_FILE_INIT;
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.workers = workers;
  BatchDataset *dataset = CALL(batch_dataset_open(&path, 1, &options));
  good(dataset);
  good(CALL(batch_dataset_read(dataset, 0, 16, ids)));
  good(CALL(batch_dataset_read_loss(dataset, 0, 16, loss)));
  good(CALL(batch_dataset_document(dataset, 0, &start, &end)));
  good(CALL(batch_dataset_id_range(dataset, &least, &most)));
  good(CALL(batch_dataset_fingerprint(dataset, &fingerprint)));
  good(CALL(batch_dataset_get_file(dataset, 0, &file)));
  CALL(batch_dataset_free(dataset));
}

static void use_loader(const BatchDataset *dataset, const batch_loader_options *options) {
  batch_loader_state state;
  batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
  BatchLoader *loader = CALL(batch_loader_create(dataset, options));
  good(loader);
  Batch *batch = CALL(batch_loader_next(loader));
  good(batch);
  CALL(batch_release(batch));
  good(CALL(batch_loader_fd(loader)) >= 0);
  CALL(batch_loader_arm(loader));
  good(CALL(batch_loader_get_state(loader, &state)));
  good(CALL(batch_loader_state_at(loader, 0, 0, &state)));
  good(CALL(batch_loader_state_save(&state, state_path)));
  good(CALL(batch_loader_state_load(&state, state_path)));
  batch = CALL(batch_loader_replay(loader, 0, 0));
  good(batch);
  CALL(batch_release(batch));
  good(CALL(batch_loader_get_stats(loader, &stats)));
  CALL(batch_loader_close(loader));
  CALL(batch_loader_free(loader));
}

/* Mapped, read, and packed in windows, which is under a lock. */
static void use_loaders(void) {
  batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
  batch_loader_options options = small_options(2, 32);
  options.workers = 2;
  for (int i = 0; i < 2; i++) {
    reading.io = i == 0 ? BATCH_IO_MAP : BATCH_IO_READ;
    options.packing = i == 0 ? BATCH_PACK_BEST_FIT : BATCH_PACK_WINDOWS;
    BatchDataset *dataset = CALL(batch_dataset_open(&(const char *){tokens_path}, 1, &reading));
    good(dataset);
    use_loader(dataset, &options);
    CALL(batch_dataset_free(dataset));
  }
}

static void nothing(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
}

static void use_spheres(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 2;
  options.process = nothing;
  BatchSpheres *spheres = CALL(batch_spheres_start(&options));
  good(spheres);
  for (uint32_t i = 0; i < 100; i++)
    good(CALL(batch_spheres_dispatch(spheres, i % 2, batch_create(2, 1, 0))));
  CALL(batch_spheres_drain(spheres));
  CALL(batch_spheres_stop(spheres));
}

static void use_pool_and_queue(void) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 2;
  options.shape.batch_size = 1;
  options.shape.sequence_length = 1;
  options.huge_pages = true;
  BatchPool *pool = CALL(batch_pool_create_with(&options));
  BatchQueue *queue = CALL(batch_queue_create(0));
  good(pool && queue);
  good(CALL(batch_pool_fd(pool)) >= 0);
  good(CALL(batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE)) >= 0);
  CALL(batch_queue_arm(queue, BATCH_QUEUE_DEQUEUE));
  good(CALL(batch_queue_enqueue(queue, batch_pool_allocate(pool))));
  Batch *batch = CALL(batch_queue_dequeue(queue));
  CALL(batch_print(batch));
  CALL(tensor_print(&batch->input));
  CALL(batch_pool_print_stats(pool));
  good(CALL(batch_pool_resize(pool, 3)));
  CALL(batch_queue_free(queue));
  CALL(batch_pool_free(pool));
  CALL(batch_release(batch));
}

static void open_tokenizer(void) {
  BatchTokenizer *tokenizer = CALL(batch_tokenizer_open(HEADRACE_TEST_VOCABULARY "/small.json", NULL));
  if (tokenizer)
    CALL(batch_tokenizer_free(tokenizer));
  else /* or a build without what it takes */
    good(batch_last_error()->code == BATCH_ERROR_UNSUPPORTED);
  EXPECT(!CALL(batch_tokenizer_sentencepiece(text_path)), "text is no model");
}

static void call_all(void) {
  write_format(tokens_path, BATCH_FORMAT_DATATROVE);
  write_format(megatron_path, BATCH_FORMAT_MEGATRON);
  read_dataset(tokens_path, 0);
  read_dataset(megatron_path, 0);
  read_dataset(text_path, 1);
  read_dataset(text_path, 2);
  use_loaders();
  use_spheres();
  use_pool_and_queue();
  open_tokenizer();
}

static void *call_all_cancelled(void *unused) {
  pthread_cancel(pthread_self());
  call_all();
  calling = "pthread_testcancel";
  pthread_testcancel();
  return unused;
}

static void expect_cancelled(pthread_t thread, const char *by) {
  void *result;
  EXPECT(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED, "it went on");
  EXPECT(strcmp(calling, by) == 0, "cancelled in %s", calling);
}

static void cancelled_before_every_call(void) {
  pthread_t thread;
  make_folder();
  EXPECT(freopen("/dev/null", "w", stdout), "/dev/null");
  setvbuf(stdout, NULL, _IONBF, 0); /* so that what is printed is written at once */
  EXPECT(pthread_create(&thread, NULL, call_all_cancelled, NULL) == 0, "no thread");
  expect_cancelled(thread, "pthread_testcancel");
  remove_folder();
}

static void *call_all_once(void *unused) {
  call_all();
  return unused;
}

/* The limit counts for threads when the program starts, so it starts itself again; under AddressSanitizer a stack holds
   what it watches too. */
static void on_a_small_stack(void) {
  pthread_t thread;
  pthread_attr_t usual;
  size_t bytes;
  struct rlimit small = {64 << 10, RLIM_INFINITY};
#ifdef UNDER_ADDRESS_SANITIZER
  small.rlim_cur = 1 << 20;
#endif
  pthread_getattr_default_np(&usual);
  pthread_attr_getstacksize(&usual, &bytes);
  if (bytes != small.rlim_cur) {
    EXPECT(!getenv("SMALL_STACK"), "threads have %zu bytes", bytes);
    EXPECT(setrlimit(RLIMIT_STACK, &small) == 0 && setenv("SMALL_STACK", "1", 1) == 0, "setrlimit");
    execl("/proc/self/exe", "callers", "on_a_small_stack", NULL);
    EXPECT(false, "no /proc");
  }
  make_folder();
  EXPECT(freopen("/dev/null", "w", stdout), "/dev/null");
  EXPECT(pthread_create(&thread, NULL, call_all_once, NULL) == 0 && pthread_join(thread, NULL) == 0,
         "no thread");
  remove_folder();
}

static void *call_write(void *unused) {
  pthread_cancel(pthread_self());
  ssize_t written = CALL(write(STDOUT_FILENO, "", 0));
  (void)written;
  calling = "pthread_testcancel";
  pthread_testcancel();
  return unused;
}

static void control(void) {
  pthread_t thread;
  EXPECT(pthread_create(&thread, NULL, call_write, NULL) == 0, "no thread");
  expect_cancelled(thread, "pthread_testcancel");
}

static BatchQueue *queue;
static BatchPool *pool;
static BatchSpheres *spheres;
static Batch *held;
static atomic_int waiter; /* its number as the kernel has it */

static void wait_to_dequeue(void) {
  batch_release(batch_queue_dequeue(queue));
}

static void wait_to_enqueue(void) {
  good(batch_queue_enqueue(queue, batch_create(1, 1, 0)));
}

static void wait_to_allocate(void) {
  batch_release(batch_pool_allocate(pool));
}

static void wait_to_drain(void) {
  batch_spheres_drain(spheres);
}

static void put(void) {
  good(batch_queue_enqueue(queue, batch_create(1, 1, 0)));
}

static void take(void) {
  batch_release(batch_queue_dequeue(queue));
}

static void give_back(void) {
  batch_release(held);
}

static void go_on(void) {
  good(batch_queue_enqueue(queue, held));
}

/* A sphere that is at work until the queue has a batch. */
static void wait_for_queue(void *context, uint32_t sphere, Batch *batch) {
  (void)context, (void)sphere, (void)batch;
  batch_release(batch_queue_dequeue(queue));
}

static void *wait_and_end(void *wait) {
  atomic_store(&waiter, gettid());
  (*(void (**)(void))wait)();
  calling = "pthread_testcancel";
  pthread_testcancel();
  return NULL;
}

/* In the kernel's futex call, which /proc names by its number. */
static bool is_asleep(int thread) {
  char path[64], state = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/stat", thread);
  FILE *file = fopen(path, "r");
  bool read = file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1;
  if (file) fclose(file);
  return read && state == 'S';
}

/* A batch is in the queue that is full; a batch is out of the pool of one. */
static void cancel_in(void (*wait)(void), void (*end)(void)) {
  pthread_t thread;
  calling = "the wait";
  atomic_store(&waiter, 0);
  EXPECT(pthread_create(&thread, NULL, wait_and_end, &wait) == 0, "no thread");
  while (atomic_load(&waiter) == 0 || !is_asleep(atomic_load(&waiter))) usleep(100);
  pthread_cancel(thread);
  usleep(2000); /* time to die too early */
  end();
  expect_cancelled(thread, "pthread_testcancel");
}

static void cancelled_while_it_waits(void) {
  batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
  options.num_spheres = 1;
  options.process = wait_for_queue;
  queue = batch_queue_create(1);
  cancel_in(wait_to_dequeue, put);
  put();
  cancel_in(wait_to_enqueue, take);
  EXPECT(batch_queue_size(queue) == 1, "the batch of a cancelled thread is lost");
  take();
  pool = batch_pool_create(1, 1, 1, 0);
  held = batch_pool_allocate(pool);
  cancel_in(wait_to_allocate, give_back);
  EXPECT(batch_pool_outstanding(pool) == 0, "a cancelled thread has kept a batch");
  spheres = batch_spheres_start(&options);
  good(spheres && batch_spheres_dispatch(spheres, 0, batch_create(1, 1, 0)));
  held = batch_create(1, 1, 0);
  cancel_in(wait_to_drain, go_on);
  batch_spheres_stop(spheres);
  batch_pool_free(pool);
  batch_queue_free(queue);
  EXPECT(batch_count_live() == 0, "%zu batches", batch_count_live());
}

static atomic_int called;

static bool is_held(void) {
  int before;
  atomic_fetch_add(&called, 1);
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  pthread_setcancelstate(before, NULL);
  return before == PTHREAD_CANCEL_DISABLE;
}

static void *allocate(void *context, size_t bytes, size_t alignment) {
  (void)context;
  EXPECT(is_held(), "in allocate");
  return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void deallocate(void *context, void *memory, size_t bytes) {
  (void)context, (void)bytes;
  EXPECT(is_held(), "in deallocate");
  free(memory);
}

static bool attach(void *context, void *memory, size_t bytes) {
  (void)context, (void)memory, (void)bytes;
  EXPECT(is_held(), "in attach");
  return true;
}

static void detach(void *context, void *memory, size_t bytes) {
  (void)context, (void)memory, (void)bytes;
  EXPECT(is_held(), "in detach");
}

static bool look_at_progress(void *context, const batch_tokenize_progress *progress) {
  (void)context, (void)progress;
  EXPECT(is_held(), "in the progress callback");
  return true;
}

/* The last batch of a pool that is gone gives its memory back. */
static void use_pool(batch_allocator allocator) {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 2;
  options.shape.batch_size = 1;
  options.shape.sequence_length = 1;
  options.allocator = allocator;
  BatchPool *made = batch_pool_create_with(&options);
  good(made && batch_pool_resize(made, 3));
  Batch *last = batch_pool_allocate(made);
  batch_pool_free(made);
  batch_release(last);
}

static void held_in_callbacks(void) {
  batch_arena_options options = BATCH_ARENA_OPTIONS_INIT;
  options.attach = attach;
  options.detach = detach;
  make_folder();
  use_pool((batch_allocator){allocate, deallocate, NULL});
  EXPECT(called == 6, "%d calls of an allocator", called);
  BatchArena *arena = batch_arena_create(&options);
  use_pool(batch_arena_allocator(arena));
  batch_arena_free(arena);
  EXPECT(called >= 8, "an arena calls attach and detach");
  BatchWriter *writer = batch_writer_create(tokens_path, NULL);
  int before = called;
  good(writer &&
       batch_tokenize_files(&(const char *){text_path}, 1, NULL, writer, look_at_progress, NULL) == BATCH_OK);
  EXPECT(called > before, "no progress");
  batch_writer_free(writer);
  remove_folder();
}

int main(int argc, char **argv) {
#define CASE(name)                                                                                           \
  { #name, name }
  static const process_case cases[] = {CASE(cancelled_before_every_call), CASE(cancelled_while_it_waits),
                                       CASE(held_in_callbacks), CASE(on_a_small_stack), CASE(control)};
  return run_case(argc, argv, cases, sizeof cases / sizeof *cases);
}
