/* The unlimited queue begins with a page and gives its memory back: a backlog of a million batches comes
   and goes. Rings are counted where they are mapped (mmap and munmap are wrapped when this program is
   linked), since the resident size that is printed beside it has other reasons to change too.

   stress_memory [seconds [threads [seed]]]     seconds are not obeyed: it is one backlog, three times */
#include <headrace/headrace.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/stress.h"
#include "sync/ring_list.h"

enum { BACKLOG = 1000000, TIMES = 3, MAX_THREADS = 32, A_NEW_QUEUE = 3 * 4096 };

void *__real_mmap(void *address, size_t length, int protection, int flags, int file, off_t offset);
int __real_munmap(void *address, size_t length);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *address, size_t length);

static _Atomic size_t mapped;

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int file, off_t offset) {
  void *memory = __real_mmap(address, length, protection, flags, file, offset);
  if (memory != MAP_FAILED) atomic_fetch_add(&mapped, length);
  return memory;
}

int __wrap_munmap(void *address, size_t length) {
  atomic_fetch_sub(&mapped, length);
  return __real_munmap(address, length);
}

static double resident(void) {
  long pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file && fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
  if (file) fclose(file);
  return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1048576;
}

typedef struct shared {
  BatchQueue *queue;
  Batch *batch; /* always the same: what is counted is the queue's memory */
  unsigned threads;
} shared;

static void fill(stress_thread *self) {
  shared *s = self->context;
  stress_step("enqueues");
  for (unsigned i = self->number; i < BACKLOG; i += s->threads) {
    batch_retain(s->batch);
    stress_check(batch_queue_enqueue(s->queue, s->batch), "%s", batch_last_error()->message);
  }
}

static void drain(stress_thread *self) {
  shared *s = self->context;
  Batch *batches[64];
  stress_step("dequeues");
  for (size_t came; (came = batch_queue_dequeue_many(s->queue, batches, 64));)
    for (size_t i = 0; i < came; i++) batch_release(batches[i]);
}

static void run(shared *s, void (*function)(stress_thread *self)) {
  stress_thread team[MAX_THREADS];
  stress_start(team, s->threads, "thread", function, s);
  stress_join(team, s->threads);
}

/* Nobody is inside any more: the next call that finds the queue empty gives back all but a ring. */
static size_t after_one_look(const shared *s, size_t before) {
  const size_t a_ring_more = sizeof(uint64_t) * (RING_LIST_CAPACITY + 1) + 65536;
  stress_check(!batch_queue_try_dequeue(s->queue), "not drained");
  size_t left = atomic_load(&mapped) - before;
  stress_check(left < a_ring_more, "%zu bytes are still mapped", left);
  return left;
}

static void backlog(shared *s, size_t before) {
  double resident_before = resident();
  run(s, fill);
  size_t top = atomic_load(&mapped) - before;
  double resident_top = resident();
  stress_check(top >= sizeof(uint64_t) * BACKLOG, "a million batches took %zu bytes", top);
  run(s, drain);
  size_t after = after_one_look(s, before);
  printf(
      "  mapped for rings: %.1f MiB with %d batches inside, %.1f MiB after; resident: %.1f, %.1f, %.1f MiB\n",
      (double)top / 1048576, BACKLOG, (double)after / 1048576, resident_before, resident_top, resident());
  stress_check(batch_queue_size(s->queue) == 0, "not drained");
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 0.0, 2);
  size_t without = atomic_load(&mapped);
  shared s = {.queue = batch_queue_create(0), .batch = batch_create(1, 1, 0)};
  s.threads = stress_threads() < MAX_THREADS ? stress_threads() : MAX_THREADS;
  stress_check(s.queue && s.batch, "%s", batch_last_error()->message);
  size_t before = atomic_load(&mapped);
  stress_check(before - without <= A_NEW_QUEUE, "a new queue maps %zu bytes", before - without);
  for (unsigned i = 0; i < TIMES; i++) backlog(&s, before);
  stress_check(s.batch->ref_count == 1, "%d references are left", s.batch->ref_count);
  batch_queue_free(s.queue);
  batch_release(s.batch);
  return stress_end("%d batches went through %d times", BACKLOG, TIMES);
}
