/* Dmitry Vyukov's bounded queue (1024cores.net), written by hand: a claim by CAS on a shared position,
   a plain store that publishes. Not lock-free: a producer stopped between the two stops everyone. */
#include "../queue_peer.h"

#include <stdatomic.h>
#include <stdlib.h>

typedef struct cell {
  _Atomic uint64_t sequence; /* position + 1: filled for it; position: free for it */
  void *element;
} cell;

typedef struct vyukov {
  uint64_t mask;
  _Alignas(BENCH_LINE) _Atomic uint64_t tail;
  _Alignas(BENCH_LINE) _Atomic uint64_t head;
  _Alignas(BENCH_LINE) cell cells[];
} vyukov;

QUEUE_SELF_IS(vyukov)

static inline bool queue_try_push(queue_self *self, void *element) {
  vyukov *q = *self;
  uint64_t tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
  for (;;) {
    cell *c = &q->cells[tail & q->mask];
    /* acquire: pairs with the release in queue_try_pop; the slot may be written again. */
    int64_t ahead = (int64_t)(atomic_load_explicit(&c->sequence, memory_order_acquire) - tail);
    if (ahead < 0) return false;
    if (ahead > 0) {
      tail = atomic_load_explicit(&q->tail, memory_order_relaxed);
    } else if (atomic_compare_exchange_weak_explicit(&q->tail, &tail, tail + 1, memory_order_relaxed,
                                                     memory_order_relaxed)) {
      c->element = element;
      /* release: pairs with the acquire in queue_try_pop; publishes the element. */
      atomic_store_explicit(&c->sequence, tail + 1, memory_order_release);
      return true;
    }
  }
}

static inline void *queue_try_pop(queue_self *self) {
  vyukov *q = *self;
  uint64_t head = atomic_load_explicit(&q->head, memory_order_relaxed);
  for (;;) {
    cell *c = &q->cells[head & q->mask];
    /* acquire: pairs with the release in queue_try_push. */
    int64_t ahead = (int64_t)(atomic_load_explicit(&c->sequence, memory_order_acquire) - (head + 1));
    if (ahead < 0) return NULL;
    if (ahead > 0) {
      head = atomic_load_explicit(&q->head, memory_order_relaxed);
    } else if (atomic_compare_exchange_weak_explicit(&q->head, &head, head + 1, memory_order_relaxed,
                                                     memory_order_relaxed)) {
      void *element = c->element;
      /* release: pairs with the acquire in queue_try_push; the slot is free for the next turn. */
      atomic_store_explicit(&c->sequence, head + q->mask + 1, memory_order_release);
      return element;
    }
  }
}

#include "../queue_loops.h"

/* With one slot alone a push would take its own element for the room of the next. */
static void *create(uint32_t asked) {
  uint32_t capacity = queue_power_of_two(asked < 2 ? 2 : asked);
  vyukov *q = aligned_alloc(BENCH_LINE, (sizeof *q + capacity * sizeof q->cells[0] + BENCH_LINE - 1) /
                                            BENCH_LINE * BENCH_LINE);
  if (q == NULL) return NULL;
  q->mask = capacity - 1;
  atomic_init(&q->tail, 0);
  atomic_init(&q->head, 0);
  for (uint32_t i = 0; i < capacity; i++) atomic_init(&q->cells[i].sequence, i);
  return q;
}

const queue_peer queue_vyukov = {
    "vyukov",   "holds a power of two", false,           true, create, free, queue_put,
    queue_take, QUEUE_TRY_LOOPS,        QUEUE_WAIT_LOOPS};
