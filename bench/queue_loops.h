/* The timed loops of one queue. Included once by each adaptor, after it has defined

       typedef ... queue_self;                                   what a thread works with
       static inline void queue_enter(queue_self *, void *queue);    before its first operation
       static inline void queue_leave(queue_self *);                 after its last
       static inline bool queue_try_push(queue_self *, void *);      false: full
       static inline void *queue_try_pop(queue_self *);              NULL: empty
   and, if it can wait, QUEUE_WAITS and
       static inline void queue_push(queue_self *, void *);
       static inline void *queue_pop(queue_self *);
   and, if it can take several in one call, QUEUE_MANY and
       static inline size_t queue_try_push_many(queue_self *, void *const *, size_t n);   how many went in; 0: full
       static inline size_t queue_try_pop_many(queue_self *, void **, size_t n);          how many came out; 0: empty
   and with QUEUE_WAITS too
       static inline void queue_push_many(queue_self *, void *const *, size_t n);         until all n are in
       static inline size_t queue_pop_many(queue_self *, void **, size_t n);              1 to n

   QUEUE_TRY_LOOPS, QUEUE_WAIT_LOOPS (empty without QUEUE_WAITS), queue_put and queue_take are then
   ready for its queue_peer. */
#ifndef BENCH_QUEUE_LOOPS_H
#define BENCH_QUEUE_LOOPS_H

#include "queue_peer.h"

/* Pushes; gives up (false) only when the queue is full after the stop. */
static inline bool queue_put_trying(queue_self *self, const queue_part *part, void *element) {
  for (unsigned tries = 0; !queue_try_push(self, element); tries++) {
    if (bench_is(&part->run->stop)) return false;
    bench_backoff(tries);
  }
  return true;
}

/* Pops; gives up (NULL) only when the queue is empty after *over was set. */
static inline void *queue_take_trying(queue_self *self, const uint32_t *over) {
  void *element = queue_try_pop(self);
  for (unsigned tries = 0; element == NULL; tries++) {
    bool last = bench_is(over);
    element = queue_try_pop(self);
    if (last) break;
    if (element == NULL) bench_backoff(tries);
  }
  return element;
}

#ifdef QUEUE_MANY
/* Pushes n and says how many went in: fewer only when the queue is full after the stop. */
static inline size_t queue_put_many_trying(queue_self *self, const queue_part *part, void *const *elements,
                                           size_t n) {
  size_t in = 0;
  for (unsigned tries = 0; in < n;) {
    size_t more = queue_try_push_many(self, elements + in, n - in);
    in += more;
    if (more == 0 && bench_is(&part->run->stop)) break;
    if (more == 0) bench_backoff(tries++);
    if (more > 0) tries = 0;
  }
  return in;
}

/* Pops 1 to n; 0 only when the queue is empty after *over was set. */
static inline size_t queue_take_many_trying(queue_self *self, void **elements, size_t n,
                                            const uint32_t *over) {
  size_t out = queue_try_pop_many(self, elements, n);
  for (unsigned tries = 0; out == 0; tries++) {
    bool last = bench_is(over);
    out = queue_try_pop_many(self, elements, n);
    if (last) break;
    if (out == 0) bench_backoff(tries);
  }
  return out;
}
#endif

/* One producer less; true for the last one. */
static inline bool queue_last_producer(queue_part *part) {
  if (__atomic_sub_fetch(&part->run->producers, 1, __ATOMIC_ACQ_REL) != 0) return false;
  bench_set(&part->run->drained);
  return true;
}

#define LOOP(name)                  name##_trying
#define PUT(self, part, e)          queue_put_trying(self, part, e)
#define TAKE(self, part, over)      queue_take_trying(self, over)
#define PUT_MANY(self, part, e, n)  queue_put_many_trying(self, part, e, n)
#define TAKE_MANY(self, part, e, n) queue_take_many_trying(self, e, n, &(part)->run->drained)
#define END(self, part)             (void)queue_last_producer(part)
#define HURRY(part)                 bench_hurries(&(part)->run->stop)
#include "queue_loop_bodies.h"
#undef LOOP
#undef PUT
#undef TAKE
#undef PUT_MANY
#undef TAKE_MANY
#undef END
#undef HURRY

#include "queue_exact_loop.h"
#include "queue_tail_loops.h"

#ifdef QUEUE_MANY
#define QUEUE_MANY_LOOPS(how) produce_many_##how, consume_many_##how
#else
#define QUEUE_MANY_LOOPS(how) NULL, NULL
#endif

#define QUEUE_TRY_LOOPS                                                                                      \
  {                                                                                                          \
    produce_trying, consume_trying, pair_trying, ping_trying, pong_trying, trickle_trying, receive_trying,   \
        tail_produce, tail_consume, tail_pair, QUEUE_MANY_LOOPS(trying), exact                               \
  }

#ifdef QUEUE_WAITS
static inline bool queue_put_waiting(queue_self *self, void *element) {
  queue_push(self, element);
  return true;
}

static inline void *queue_take_waiting(queue_self *self, const queue_part *part) {
  void *element = queue_pop(self);
  return element == part->run->poison ? NULL : element;
}

#ifdef QUEUE_MANY
static inline size_t queue_put_many_waiting(queue_self *self, void *const *elements, size_t n) {
  queue_push_many(self, elements, n);
  return n;
}

/* One poison ends one consumer, and only if it came alone: the others go back. */
static inline size_t queue_take_many_waiting(queue_self *self, const queue_part *part, void **elements,
                                             size_t n) {
  size_t out = queue_pop_many(self, elements, n), kept = 0;
  for (size_t i = 0; i < out; i++)
    if (elements[i] != part->run->poison) elements[kept++] = elements[i];
  for (size_t i = kept > 0 ? kept : 1; i < out; i++) queue_push(self, part->run->poison);
  return kept;
}
#endif

/* The last producer ends the consumers. */
static inline void queue_end_waiting(queue_self *self, queue_part *part) {
  if (!queue_last_producer(part)) return;
  for (uint32_t i = 0; i < part->run->consumers; i++) queue_push(self, part->run->poison);
}

#define LOOP(name)                  name##_waiting
#define PUT(self, part, e)          queue_put_waiting(self, e)
#define TAKE(self, part, over)      queue_take_waiting(self, part)
#define PUT_MANY(self, part, e, n)  queue_put_many_waiting(self, e, n)
#define TAKE_MANY(self, part, e, n) queue_take_many_waiting(self, part, e, n)
#define END(self, part)             queue_end_waiting(self, part)
#define HURRY(part)                 false /* the last producer may wait for room, and then end them */
#include "queue_loop_bodies.h"
#undef LOOP
#undef PUT
#undef TAKE
#undef PUT_MANY
#undef TAKE_MANY
#undef END
#undef HURRY

#define QUEUE_WAIT_LOOPS                                                                                     \
  {                                                                                                          \
    produce_waiting, consume_waiting, pair_waiting, ping_waiting, pong_waiting, trickle_waiting,             \
        receive_waiting, NULL, NULL, NULL, QUEUE_MANY_LOOPS(waiting), NULL                                   \
  }
#else
#define QUEUE_WAIT_LOOPS                                                                                     \
  { NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL }
#endif

static bool queue_put(void *queue, void *element) {
  queue_self self;
  queue_enter(&self, queue);
  bool done = queue_try_push(&self, element);
  queue_leave(&self);
  return done;
}

static void *queue_take(void *queue) {
  queue_self self;
  queue_enter(&self, queue);
  void *element = queue_try_pop(&self);
  queue_leave(&self);
  return element;
}

#endif
