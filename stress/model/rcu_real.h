/* sync/rcu.c as it is, with a small table of readers, and what it asks of sync/thread.h by stand-ins. A checker has no
   keys of threads: there a thread's record is its own to the end of the run, unless the client gives it back. */
#ifndef HEADRACE_STRESS_MODEL_RCU_REAL_H
#define HEADRACE_STRESS_MODEL_RCU_REAL_H

#include "model/model.h"

#define HEADRACE_SYNC_THREAD_H
#ifdef MODEL_CHECKER
typedef unsigned thread_key;
static inline int thread_key_make(thread_key *key, void (*at_end)(void *value)) {
  (void)at_end;
  return (int)(*key = 0);
}
static inline int thread_key_set(const thread_key *key, void *value) {
  (void)key, (void)value;
  return 0;
}
#else
typedef struct thread_key {
  pthread_key_t key;
  bool made;
} thread_key;
static inline int thread_key_make(thread_key *key, void (*at_end)(void *value)) {
  int answer = key->made ? 0 : pthread_key_create(&key->key, at_end);
  key->made = answer == 0;
  return answer;
}
static inline int thread_key_set(const thread_key *key, void *value) {
  return pthread_setspecific(key->key, value);
}
#endif
static inline int thread_at_fork(_Atomic bool *asked, void (*in_child)(void)) {
  (void)asked, (void)in_child;
  return 0;
}

#ifndef RCU_READERS
#define RCU_READERS 2
#endif
#include "sync/rcu.c"

/* An object behind a link. */
static struct {
  rcu_object retired; /* first */
  unsigned alive;     /* not atomic: a reader that is still inside when the object goes would race */
} object;
static _Atomic(rcu_object *) link;
static rcu_limbo limbo;

static inline void object_prepare(void) {
  assert(rcu_prepare() == 0);
  object.alive = 1;
  atomic_store_explicit(&limbo.first, 0, memory_order_relaxed);
  atomic_store_explicit(&link, &object.retired, memory_order_relaxed);
}

static inline void object_read(void) {
  rcu_reader *me = rcu_enter();
  if (atomic_load_explicit(&link, memory_order_seq_cst)) assert(object.alive == 1);
  rcu_leave(me);
}

static inline void object_go(rcu_object *retired) {
  assert(retired == &object.retired && object.alive == 1);
  object.alive = 0;
}

static inline void object_unlink(void) {
  rcu_object *seen = &object.retired;
  if (!atomic_compare_exchange_strong_explicit(&link, &seen, 0, memory_order_seq_cst, memory_order_seq_cst))
    assert(!"unlinked by one alone");
  rcu_retire(&limbo, &object.retired);
}

/* At rest: what is left goes, and everything has. */
static inline void object_check(void) {
  rcu_reclaim(&limbo, object_go);
  assert(object.alive == 0);
}

#endif
