/* The interface between the pool bench and its contestants, in C. As queue_peer.h: an adaptor says in
   inline functions how one thread allocates and releases, and pool_loops.h makes the loops of them.

   An element is its first bytes: a pool_mark, by which the loops see that nobody else has it. */
#ifndef BENCH_POOL_PEER_H
#define BENCH_POOL_PEER_H

#include "clock.h"

#include <stddef.h>

/* A batch of the shape that the pool holds: 32 rows of 1024 tokens, three tensors of 4 bytes each. */
#define POOL_ROWS    32
#define POOL_COLUMNS 1024
#define POOL_BYTES   ((size_t)POOL_ROWS * POOL_COLUMNS * 3 * 4)

typedef struct pool_mark {
  uint32_t in_use; /* plain on purpose: handed out once, only its owner touches it */
} pool_mark;

/* The way from one allocating to one releasing thread, the same for everyone: Lamport's ring. */
#define POOL_WAY 16
typedef struct pool_way {
  uint32_t written;
  uint8_t line1[BENCH_LINE];
  uint32_t read;
  uint8_t line2[BENCH_LINE];
  void *elements[POOL_WAY];
} pool_way;

typedef struct pool_run {
  uint32_t stop; /* set by the team */
  uint8_t line[BENCH_LINE];
} pool_run;

typedef struct pool_part {
  void (*loop)(struct pool_part *);
  pool_run *run;
  void *pool;
  pool_way *way;                            /* of the one-sided loops */
  uint64_t allocated, released, collisions; /* collisions: elements that someone else had */
  uint8_t line[BENCH_LINE];
} pool_part;

enum {
  POOL_BOTH,     /* allocates, then releases */
  POOL_ALLOCATE, /* allocates and sends on its way */
  POOL_RELEASE,  /* receives and releases */
  POOL_LOOPS
};

typedef struct pool_peer {
  const char *name;
  const char *note;
  bool lock_free;
  bool bounded; /* holds a fixed number of elements: that many, exactly, can be taken */
  void *(*create)(uint32_t size);
  void (*destroy)(void *pool);
  void *(*take)(void *pool); /* outside the timed loops; NULL: none left */
  void (*put)(void *pool, void *element);
  void (*loops[POOL_LOOPS])(pool_part *);
} pool_peer;

#define POOL_SELF_IS(type)                                                                                   \
  typedef type *pool_self;                                                                                   \
  static inline void pool_enter(pool_self *self, void *pool) {                                               \
    *self = (type *)pool;                                                                                    \
  }                                                                                                          \
  static inline void pool_leave(pool_self *self) {                                                           \
    (void)self;                                                                                              \
  }

/* Weak: NULL where its package was not found. */
#define POOL_PEER extern const pool_peer __attribute__((weak))
POOL_PEER pool_headrace, pool_ck_stack, pool_rte_ring, pool_lfstack, pool_mutex, pool_malloc, pool_create,
    pool_broken;

#endif
