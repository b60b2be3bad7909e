/* unload LIBRARY: opens the library, uses what leaves traces in the process (an unlimited queue past a ring, a
   loader, its worker and the handler for SIGBUS, an error), closes it and goes on: so do a thread that used it and ends
   later, one that waits in a call, and the process. Three times.
   unload LIBRARY namespaces: the library once more in a namespace of its own, by dlmopen, beside the usual one. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "loader.h"

enum { TIMES = 3, PAST_A_RING = 20000 };

static void *library;
static pthread_barrier_t used, closed;

#define FIND(name) __extension__((__typeof__(&name))dlsym(library, #name))

static void use_queue(void) {
  BatchQueue *queue = FIND(batch_queue_create)(0);
  Batch *batch = FIND(batch_create)(1, 1, 0);
  for (int i = 0; i < PAST_A_RING; i++) {
    FIND(batch_retain)(batch);
    EXPECT(FIND(batch_queue_enqueue)(queue, batch), "enqueue %d", i);
  }
  for (int i = 0; i < PAST_A_RING; i++) FIND(batch_release)(FIND(batch_queue_dequeue)(queue));
  EXPECT(!FIND(batch_queue_try_dequeue)(queue), "drained");
  EXPECT(FIND(batch_last_error)()->code == BATCH_EMPTY, "%s", FIND(batch_last_error)()->message);
  FIND(batch_release)(batch);
  FIND(batch_queue_free)(queue);
}

static void use_loader(const char *path) {
  BatchDataset *dataset = FIND(batch_dataset_open)(&path, 1, NULL);
  EXPECT(dataset, "%s", FIND(batch_last_error)()->message);
  batch_loader_options options = small_options(1, 16);
  BatchLoader *loader = FIND(batch_loader_create)(dataset, &options);
  EXPECT(loader, "%s", FIND(batch_last_error)()->message);
  FIND(batch_release)(FIND(batch_loader_next)(loader));
  FIND(batch_loader_free)(loader);
  FIND(batch_dataset_free)(dataset);
}

static void *use_and_end_later(void *unused) {
  use_queue();
  pthread_barrier_wait(&used);
  pthread_barrier_wait(&closed);
  return unused;
}

static void *wait_inside(void *queue) {
  Batch *batch = FIND(batch_queue_dequeue)(queue);
  pthread_barrier_wait(&used);
  return batch;
}

/* The thread is in the call, or about to be, when the library is closed. */
static void close_around_a_wait(const char *path) {
  pthread_t thread;
  void *result;
  pthread_barrier_init(&used, NULL, 2);
  library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  EXPECT(library, "%s", dlerror());
  BatchQueue *queue = FIND(batch_queue_create)(1);
  __typeof__(&batch_queue_close) close_queue = FIND(batch_queue_close);
  __typeof__(&batch_queue_free) free_queue = FIND(batch_queue_free);
  EXPECT(pthread_create(&thread, NULL, wait_inside, queue) == 0, "no thread");
  usleep(2000);
  EXPECT(dlclose(library) == 0, "%s", dlerror());
  close_queue(queue);
  pthread_barrier_wait(&used);
  EXPECT(pthread_join(thread, &result) == 0 && !result, "a batch from nowhere");
  free_queue(queue);
}

/* Each has a C library of its own; each works, and tells batches of the other. */
static void use_namespaces(const char *path) {
  int status;
  void *usual = dlopen(path, RTLD_NOW | RTLD_LOCAL),
       *other = dlmopen(LM_ID_NEWLM, path, RTLD_NOW | RTLD_LOCAL);
  EXPECT(usual && other && usual != other, "%s", dlerror());
  for (int i = 0; i < 4; i++) {
    library = i % 2 ? other : usual;
    use_queue();
    use_loader(TEXT_PATH);
  }
  library = usual;
  BatchQueue *queue = FIND(batch_queue_create)(1);
  library = other;
  Batch *batch = FIND(batch_create)(1, 1, 0);
  library = usual;
  pid_t child = fork();
  if (child == 0) FIND(batch_queue_enqueue)(queue, batch);
  EXPECT(waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT,
         "a batch of another namespace is taken: %x", (unsigned)status);
}

int main(int argc, char **argv) {
  EXPECT(argc >= 2, "usage: unload LIBRARY [namespaces]");
  alarm(CASE_SECONDS);
  if (argc > 2) {
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    use_namespaces(argv[1]);
    return 0;
  }
  for (int i = 0; i < TIMES; i++) close_around_a_wait(argv[1]);
  for (int i = 0; i < TIMES; i++) {
    pthread_t thread;
    pthread_barrier_init(&used, NULL, 2);
    pthread_barrier_init(&closed, NULL, 2);
    library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
    EXPECT(library, "%s", dlerror());
    EXPECT(pthread_create(&thread, NULL, use_and_end_later, NULL) == 0, "no thread");
    pthread_barrier_wait(&used);
    use_queue();
    use_loader(TEXT_PATH);
    EXPECT(dlclose(library) == 0, "%s", dlerror());
    void *still = dlopen(argv[1], RTLD_NOW | RTLD_NOLOAD);
    EXPECT(still, "the library is gone, its thread destructors and its signal handler are not");
    dlclose(still);
    pthread_barrier_wait(&closed);
    pthread_join(thread, NULL);
  }
  return 0;
}
