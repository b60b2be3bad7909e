/* The interface between the queue bench and its contestants, in C and in C++.

   An adaptor (a file in peers/) says in a few inline functions how a thread pushes and pops, and
   includes queue_loops.h, which makes the timed loops out of them: so every queue is inlined in its
   own loops as far as its library allows, and none pays for a call that another does not. */
#ifndef BENCH_QUEUE_PEER_H
#define BENCH_QUEUE_PEER_H

#include "clock.h"
#include "histogram.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Producers go round the same so many elements, a power of two. Elements are Batch * made once;
   only our own contestant looks at what they point to. */
#define BENCH_ELEMENTS 64

/* So many at most go in or out in one call. */
#define BENCH_MANY 256

/* What the threads of one measurement share; the counts apart, nobody writes it while they run. */
typedef struct queue_run {
  void *elements[BENCH_ELEMENTS + BENCH_MANY]; /* [i] is [i % BENCH_ELEMENTS] */
  void *poison;                                /* ends a consumer that waits */
  uint32_t consumers;                          /* so many poisons are needed */
  uint32_t many;                               /* how many a call of the many loops is asked for */
  uint64_t gap; /* nanoseconds between two elements of a trickle; 0: none ever comes */
  bool at_once; /* in the tail cells: try again at once; otherwise 64 times, then yield */
  uint8_t line1[BENCH_LINE];
  uint32_t stop;    /* set by the team */
  uint32_t drained; /* set when the last producer has ended: what is not inside now never comes */
  uint8_t line2[BENCH_LINE];
  uint32_t producers; /* still running */
  uint8_t line3[BENCH_LINE];
  uint64_t sent_at; /* of the only element under way in a trickle */
  uint8_t line4[BENCH_LINE];
} queue_run;

/* What one thread works with, and what came of it. */
typedef struct queue_part {
  void (*loop)(struct queue_part *);
  queue_run *run;
  void *queue;
  void *back;     /* the way back of a round trip */
  uint32_t first; /* the element it starts with */
  histogram *times;
  uint64_t pushed, popped;         /* operations that succeeded, poison apart */
  uint64_t pushed_sum, popped_sum; /* of the elements as numbers, modulo 2^64 */
  uint64_t lies;                   /* answers FULL and EMPTY in an exact cell */
  uint8_t line[BENCH_LINE];
} queue_part;

/* The loops, each for trying and for waiting. */
enum {
  QUEUE_PRODUCE, /* pushes until the stop */
  QUEUE_CONSUME, /* pops until nothing more can come */
  QUEUE_PAIR,    /* pushes, then pops, until the stop */
  QUEUE_PING,    /* pushes to queue, pops from back, records the time of the round trip */
  QUEUE_PONG,    /* pops from queue, pushes to back */
  QUEUE_TRICKLE, /* pushes one element each gap */
  QUEUE_RECEIVE, /* as consume; records how long the element was under way */
  QUEUE_TAIL_PRODUCE,
  QUEUE_TAIL_CONSUME,
  QUEUE_TAIL_PAIR,    /* as those three; record how long each operation took; only for trying */
  QUEUE_PRODUCE_MANY, /* as produce and consume, many in a call; */
  QUEUE_CONSUME_MANY, /* both NULL for a queue that takes one at a time */
  QUEUE_EXACT,        /* as pair; counts answers that cannot be true; only for trying */
  QUEUE_LOOPS
};

typedef struct queue_peer {
  const char *name;
  const char *note; /* what a reader of its figures must know, or NULL */
  bool lock_free;   /* in the strict sense */
  bool bounded;     /* heeds the capacity; otherwise it ignores it */
  void *(*create)(uint32_t capacity);
  void (*destroy)(void *queue);
  bool (*put)(void *queue, void *element); /* a try_push and a try_pop outside the timed loops */
  void *(*take)(void *queue);
  void (*tries[QUEUE_LOOPS])(queue_part *); /* failing, it tries 64 times, then yields, ... */
  void (*waits[QUEUE_LOOPS])(queue_part *); /* all NULL for a queue that has no waiting of its own */
} queue_peer;

/* For the many whose threads need nothing but the queue. */
#define QUEUE_SELF_IS(type)                                                                                  \
  typedef type *queue_self;                                                                                  \
  static inline void queue_enter(queue_self *self, void *queue) {                                            \
    *self = (type *)queue;                                                                                   \
  }                                                                                                          \
  static inline void queue_leave(queue_self *self) {                                                         \
    (void)self;                                                                                              \
  }

/* The smallest one that is at least `least`, of those whose size must be a power of two. */
static inline uint32_t queue_power_of_two(uint32_t least) {
  uint32_t power = 1;
  while (power < least) power *= 2;
  return power;
}

/* The element whose batch_id is the index. */
extern void *queue_element_of[BENCH_ELEMENTS + 2];

/* Every contestant, in the order of the tables. Weak: NULL where its package was not found. */
#define QUEUE_PEER extern const queue_peer __attribute__((weak))
QUEUE_PEER queue_headrace, queue_headrace_ring, queue_headrace_ring_events, queue_boost, queue_rculfqueue,
    queue_moodycamel, queue_moodycamel_tokens, queue_moodycamel_blocking, queue_wfcqueue, queue_ck_ring,
    queue_rte_ring, queue_rte_ring_hts, queue_atomic_queue, queue_tbb, queue_gasyncqueue, queue_mutex,
    queue_vyukov, queue_broken, queue_broken_sum, queue_broken_many, queue_broken_lies, queue_boost_spsc,
    queue_readerwriter, queue_readerwriter_circular, queue_rte_ring_spsc;

#ifdef __cplusplus
}
#endif
#endif
