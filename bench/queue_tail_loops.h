/* The loops of the tail cells, included by queue_loops.h: as produce, consume and pair, but each operation is
   timed, from its first try until it succeeds, and everyone ends at the stop. The clock is read once an
   operation: the next one begins where the last one has ended. What a thread still tries at the stop is not counted. */
#ifndef BENCH_QUEUE_TAIL_LOOPS_H
#define BENCH_QUEUE_TAIL_LOOPS_H

#include "queue_peer.h"

/* After a failure: again at once, or as everywhere else. */
static inline void queue_tail_again(const queue_part *part, unsigned tries) {
  if (!part->run->at_once) bench_backoff(tries);
}

/* Records one operation that began at *begin; the next begins here. */
static inline void queue_tail_note(queue_part *part, uint64_t *begin) {
  uint64_t end = bench_now();
  histogram_add(part->times, end - *begin);
  *begin = end;
}

/* Pushes the next element; false: stopped. */
static inline bool queue_tail_put(queue_self *self, queue_part *part, uint64_t *begin) {
  void *element = part->run->elements[(part->first + part->pushed) % BENCH_ELEMENTS];
  for (unsigned tries = 0; !queue_try_push(self, element); tries++) {
    if (bench_is(&part->run->stop)) return false;
    queue_tail_again(part, tries);
  }
  queue_tail_note(part, begin);
  part->pushed++;
  part->pushed_sum += (uintptr_t)element;
  return true;
}

/* Pops one; false: stopped. */
static inline bool queue_tail_take(queue_self *self, queue_part *part, uint64_t *begin) {
  void *element;
  for (unsigned tries = 0; (element = queue_try_pop(self)) == NULL; tries++) {
    if (bench_is(&part->run->stop)) return false;
    queue_tail_again(part, tries);
  }
  queue_tail_note(part, begin);
  part->popped++;
  part->popped_sum += (uintptr_t)element;
  return true;
}

static void tail_produce(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t begin = bench_now();
  while (!bench_is(&part->run->stop) && queue_tail_put(&self, part, &begin)) {
  }
  queue_leave(&self);
}

static void tail_consume(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t begin = bench_now();
  while (!bench_is(&part->run->stop) && queue_tail_take(&self, part, &begin)) {
  }
  queue_leave(&self);
}

static void tail_pair(queue_part *part) {
  queue_self self;
  queue_enter(&self, part->queue);
  uint64_t begin = bench_now();
  while (!bench_is(&part->run->stop) && queue_tail_put(&self, part, &begin) &&
         queue_tail_take(&self, part, &begin)) {
  }
  queue_leave(&self);
}

#endif
