/* The loop of the exact cells, included by queue_loops.h. N threads work on a queue of capacity N, each pushes one
   element and then pops one: when a thread pushes, N - 1 are inside at most, when it pops, one at least. So FULL and
   EMPTY are never true, and each answer of the kind is counted as a lie. */
#ifndef BENCH_QUEUE_EXACT_LOOP_H
#define BENCH_QUEUE_EXACT_LOOP_H

#include "queue_peer.h"

/* False: lied to, and stopped. */
static inline bool queue_exact_put(queue_self *self, queue_part *part, void *element) {
  for (unsigned tries = 0; !queue_try_push(self, element); tries++) {
    part->lies++;
    if (bench_is(&part->run->stop)) return false;
    bench_backoff(tries);
  }
  part->pushed++;
  part->pushed_sum += (uintptr_t)element;
  return true;
}

static inline bool queue_exact_take(queue_self *self, queue_part *part) {
  void *element;
  for (unsigned tries = 0; (element = queue_try_pop(self)) == NULL; tries++) {
    part->lies++;
    if (bench_is(&part->run->stop)) return false;
    bench_backoff(tries);
  }
  part->popped++;
  part->popped_sum += (uintptr_t)element;
  return true;
}

static void exact(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  void *element = part->run->elements[part->first % BENCH_ELEMENTS];
  while (!bench_is(&part->run->stop) && queue_exact_put(&self, part, element) &&
         queue_exact_take(&self, part)) {
  }
  queue_leave(&self);
}

#endif
