/* The timed loops of one pool. Included once by each adaptor, after it has defined pool_self, pool_enter,
   pool_leave and
       static inline void *pool_try_allocate(pool_self *);         NULL: none idle
       static inline void pool_release(pool_self *, void *);
       static inline pool_mark *pool_mark_of(void *element);
   POOL_LOOP_TABLE, pool_take and pool_put are then ready for its pool_peer. */
#ifndef BENCH_POOL_LOOPS_H
#define BENCH_POOL_LOOPS_H

#include "pool_peer.h"

/* NULL only when the pool is empty after the stop. */
static inline void *pool_allocate_patiently(pool_self *self, const pool_part *part) {
  void *element;
  for (unsigned tries = 0; (element = pool_try_allocate(self)) == NULL; tries++) {
    if (bench_is(&part->run->stop)) return NULL;
    bench_backoff(tries);
  }
  return element;
}

/* Takes possession; 1 if somebody else has it too. */
static inline uint64_t pool_claim(void *element) {
  pool_mark *mark = pool_mark_of(element);
  uint64_t collision = mark->in_use;
  mark->in_use = 1;
  return collision;
}

static inline void pool_give_up(void *element) {
  pool_mark_of(element)->in_use = 0;
}

static void pool_both(pool_part *part) {
  pool_self self;
  pool_enter(&self, part->pool);
  uint64_t allocated = 0, collisions = 0;
  while (!bench_is(&part->run->stop)) {
    for (unsigned burst = 0; burst < 16; burst++) {
      void *element = pool_allocate_patiently(&self, part);
      if (element == NULL) break;
      collisions += pool_claim(element);
      pool_give_up(element);
      pool_release(&self, element);
      allocated++;
    }
  }
  part->allocated = part->released = allocated;
  part->collisions = collisions;
  pool_leave(&self);
}

/* Sends on its way; false only when there is no room after the stop. */
static inline bool pool_send(pool_way *way, const uint32_t *stop, void *element) {
  uint32_t written = __atomic_load_n(&way->written, __ATOMIC_RELAXED);
  for (unsigned tries = 0; written - __atomic_load_n(&way->read, __ATOMIC_ACQUIRE) == POOL_WAY; tries++) {
    if (bench_is(stop)) return false;
    bench_backoff(tries);
  }
  way->elements[written % POOL_WAY] = element;
  __atomic_store_n(&way->written, written + 1, __ATOMIC_RELEASE);
  return true;
}

/* NULL only when nothing is under way after the stop. */
static inline void *pool_receive(pool_way *way, const uint32_t *stop) {
  uint32_t read = __atomic_load_n(&way->read, __ATOMIC_RELAXED);
  for (unsigned tries = 0; read == __atomic_load_n(&way->written, __ATOMIC_ACQUIRE); tries++) {
    if (bench_is(stop)) return NULL;
    bench_backoff(tries);
  }
  void *element = way->elements[read % POOL_WAY];
  __atomic_store_n(&way->read, read + 1, __ATOMIC_RELEASE);
  return element;
}

static void pool_allocate_side(pool_part *part) {
  pool_self self;
  pool_enter(&self, part->pool);
  void *element;
  while (!bench_is(&part->run->stop) && (element = pool_allocate_patiently(&self, part)) != NULL) {
    part->collisions += pool_claim(element);
    part->allocated++;
    if (pool_send(part->way, &part->run->stop, element)) continue;
    pool_give_up(element);
    pool_release(&self, element);
    part->released++;
  }
  pool_leave(&self);
}

static void pool_release_side(pool_part *part) {
  pool_self self;
  pool_enter(&self, part->pool);
  void *element;
  while ((element = pool_receive(part->way, &part->run->stop)) != NULL) {
    pool_give_up(element);
    pool_release(&self, element);
    part->released++;
  }
  pool_leave(&self);
}

#define POOL_LOOP_TABLE                                                                                      \
  { pool_both, pool_allocate_side, pool_release_side }

static void *pool_take(void *pool) {
  pool_self self;
  pool_enter(&self, pool);
  void *element = pool_try_allocate(&self);
  pool_leave(&self);
  return element;
}

static void pool_put(void *pool, void *element) {
  pool_self self;
  pool_enter(&self, pool);
  pool_release(&self, element);
  pool_leave(&self);
}

#endif
