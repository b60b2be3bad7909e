/* The descriptors of port.h: eventfds, each of which belongs to the process that made it, since a forked child has
   its own of everything but reads and writes what the parent reads and writes.

   What names them lives in type-stable memory and is held by its owner and by whoever writes: so a thread that is
   late to tell may find another descriptor, where one token more does no harm, never a file of the program's.

   write, read and close are cancellation points. A thread that is to be cancelled does not end here: it has taken a
   wake-up that nobody else will give. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "sync/port.h"
#include "sync/refcount.h"
#include "sync/slab.h"
#include "sync/thread.h"

typedef struct descriptor {
  _Atomic int
      holders; /* its owner, and who writes; the rest is written before the first one, and read by them */
  int number;
  unsigned generation; /* of the process it belongs to, see thread.h */
  const char *function;
  _Atomic uint32_t link; /* of the slab */
} descriptor;

static slab descriptors = SLAB_INIT(descriptor, link);

static bool is_of_this_process(const descriptor *d) {
  return d->generation == thread_generation();
}

static void let_go(uint32_t handle) {
  HOLD_CANCELLATION;
  descriptor *d = slab_object(&descriptors, handle);
  if (refcount_release(&d->holders) != REFCOUNT_LAST) return;
  /* A parent's number may have become another file's in the child. */
  if (is_of_this_process(d)) close(d->number);
  slab_free(&descriptors, handle);
}

/* Returns the handle of a new one; 0: *error says why. */
static uint32_t make(const char *function, int *error) {
  *error = thread_prepare();
  if (*error != 0) return 0;
  uint32_t handle = slab_allocate(&descriptors);
  int number = handle ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
  if (number < 0) {
    *error = handle ? errno : ENOMEM;
    if (handle) slab_free(&descriptors, handle);
    return 0;
  }
  descriptor *d = slab_object(&descriptors, handle);
  d->number = number;
  d->generation = thread_generation();
  d->function = function;
  /* FIRST: release; pairs with refcount_try_retain in port_tell. */
  atomic_store_explicit(&d->holders, 1, memory_order_release);
  return handle;
}

int port_descriptor(_Atomic uint32_t *word, const char *function) {
  int error;
  /* DESCRIBED: acquire, here and on the failing CAS; pairs with the CAS: what the handle leads to. */
  uint32_t seen = atomic_load_explicit(word, memory_order_acquire);
  const descriptor *there = seen ? slab_object(&descriptors, seen) : NULL;
  if (there && is_of_this_process(there)) return there->number;
  uint32_t made = make(function, &error);
  if (!made) return -error;
  /* DESCRIBED: release. Whoever is second takes the first one's; what a parent left stays open in the child. */
  if (!atomic_compare_exchange_strong_explicit(word, &seen, made, memory_order_acq_rel,
                                               memory_order_acquire)) {
    let_go(made);
    made = seen;
  }
  return ((const descriptor *)slab_object(&descriptors, made))->number;
}

/* The wake-up of somebody who sleeps is lost. */
__attribute__((noinline, cold, noreturn)) static void tell_failed(const descriptor *d) {
  fprintf(stderr,
          "headrace: %s: descriptor %d cannot be written to, expected that nobody else closes it: %s\n",
          d->function, d->number, strerror(errno));
  abort();
}

void port_tell(_Atomic uint32_t *word) {
  int saved = errno;
  /* DESCRIBED: acquire. */
  uint32_t handle = atomic_load_explicit(word, memory_order_acquire);
  descriptor *d = handle ? slab_object(&descriptors, handle) : NULL;
  if (!d || !refcount_try_retain(&d->holders)) return;
  HOLD_CANCELLATION;
  uint64_t one = 1;
  /* EAGAIN: it has been told 2^64 - 2 times, and is readable. */
  while (is_of_this_process(d) && write(d->number, &one, sizeof one) < 0 && errno != EAGAIN)
    if (errno != EINTR) tell_failed(d);
  let_go(handle);
  errno = saved;
}

int port_drain(_Atomic uint32_t *word) {
  HOLD_CANCELLATION;
  int saved = errno, answer = 0;
  const descriptor *d = slab_object(&descriptors, atomic_load_explicit(word, memory_order_acquire));
  uint64_t told;
  while (read(d->number, &told, sizeof told) < 0 && errno != EAGAIN)
    if (errno != EINTR) {
      answer = errno;
      break;
    }
  errno = saved;
  return answer;
}

void port_descriptor_close(_Atomic uint32_t *word) {
  uint32_t handle = atomic_load_explicit(word, memory_order_acquire);
  /* relaxed: who is late sees the one or the other, and either does no harm. */
  atomic_store_explicit(word, 0, memory_order_relaxed);
  if (handle) let_go(handle);
}
