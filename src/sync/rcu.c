#include "sync/rcu.h"

#include "sync/thread.h"

#ifndef RCU_READERS
#define RCU_READERS 1024
#endif

enum { READERS = RCU_READERS };

struct rcu_reader {
  _Alignas(
      PORT_LINE) _Atomic uint64_t came; /* the epoch; 0: outside. The reader writes, who reclaims reads */
  bool busy;                            /* the reader's own: it is inside, or about to be */
  _Atomic bool taken;                   /* a thread has it */
};

static rcu_reader readers[READERS];
/* No reader beyond the first so many has ever been taken. */
static _Atomic uint32_t readers_used;
/* Readers inside that have no record: beyond the table's end, without a key's memory, or nested. */
static _Atomic uint32_t guests;
static _Atomic uint64_t epoch = 1;
static _Thread_local rcu_reader *mine;

static thread_key mine_key;

/* The thread ends, perhaps inside of a call that it will not come back to: it looks at nothing any more.
   release: came, pairs with the loads in oldest_inside; taken, with the CAS in take. */
static void give_reader(void *record) {
  rcu_reader *reader = record;
  mine = NULL;
  reader->busy = false;
  atomic_store_explicit(&reader->came, 0, memory_order_release);
  atomic_store_explicit(&reader->taken, false, memory_order_release);
}

/* The other threads are not there any more, whatever they were doing. */
static void forget_other_readers(void) {
  uint32_t used = atomic_load_explicit(&readers_used, memory_order_relaxed);
  for (uint32_t i = 0; i < used; i++) {
    if (&readers[i] == mine) continue;
    atomic_store_explicit(&readers[i].came, 0, memory_order_relaxed);
    atomic_store_explicit(&readers[i].taken, false, memory_order_relaxed);
    readers[i].busy = false;
  }
  atomic_store_explicit(&guests, 0, memory_order_relaxed);
}

int rcu_prepare(void) {
  static _Atomic bool asked;
  int answer = thread_key_make(&mine_key, give_reader);
  return answer == 0 ? thread_at_fork(&asked, forget_other_readers) : answer;
}

/* seq_cst: before the reader's first ENTER, as its store of came: who finds the link that the reader
   followed unlinked looks as far as its record. */
static void raise_used(uint32_t count) {
  uint32_t used = atomic_load_explicit(&readers_used, memory_order_seq_cst);
  while (used < count && !atomic_compare_exchange_weak_explicit(&readers_used, &used, count,
                                                                memory_order_seq_cst, memory_order_seq_cst)) {
  }
}

/* acquire: pairs with give_reader: what the thread before wrote. */
static bool take(rcu_reader *reader) {
  bool taken = atomic_load_explicit(&reader->taken, memory_order_relaxed);
  return !taken && atomic_compare_exchange_strong_explicit(&reader->taken, &taken, true, memory_order_acquire,
                                                           memory_order_relaxed);
}

/* The calling thread's record from now on, or NULL. */
__attribute__((noinline, cold)) static rcu_reader *take_reader(void) {
  uint32_t i = 0;
  while (i < READERS && !take(&readers[i])) i++;
  if (i == READERS) return NULL;
  if (thread_key_set(&mine_key, &readers[i]) != 0) {
    give_reader(&readers[i]);
    return NULL;
  }
  raise_used(i + 1);
  return mine = &readers[i];
}

/* ENTER, as rcu_enter. Also of a signal handler, or a callback, inside of another call. */
__attribute__((noinline, cold)) static rcu_reader *enter_as_guest(void) {
  atomic_fetch_add_explicit(&guests, 1, memory_order_seq_cst);
  return NULL;
}

rcu_reader *rcu_enter(void) {
  rcu_reader *me = mine ? mine : take_reader();
  if (!me || me->busy) return enter_as_guest();
  me->busy = true;
  /* EPOCH: acquire; pairs with rcu_retire. ENTER: seq_cst; pairs with UNLINK in oldest_inside. */
  uint64_t now = atomic_load_explicit(&epoch, memory_order_acquire);
  atomic_store_explicit(&me->came, now, memory_order_seq_cst);
  return me;
}

/* LEAVE: release; pairs with the loads in oldest_inside. */
void rcu_leave(rcu_reader *me) {
  if (!me) {
    atomic_fetch_sub_explicit(&guests, 1, memory_order_release);
    return;
  }
  atomic_store_explicit(&me->came, 0, memory_order_release);
  me->busy = false;
}

/* LIMBO: release; pairs with the exchange in take_all. */
static void limbo_push(rcu_limbo *limbo, rcu_object *object) {
  object->next = atomic_load_explicit(&limbo->first, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(&limbo->first, &object->next, object, memory_order_release,
                                                memory_order_relaxed)) {
  }
}

/* LIMBO: acquire; pairs with limbo_push. */
static rcu_object *take_all(rcu_limbo *limbo) {
  return atomic_exchange_explicit(&limbo->first, NULL, memory_order_acquire);
}

void rcu_retire(rcu_limbo *limbo, rcu_object *object) {
  /* EPOCH: acq_rel; pairs with rcu_enter. */
  object->epoch = atomic_fetch_add_explicit(&epoch, 1, memory_order_acq_rel);
  limbo_push(limbo, object);
}

/* The epoch in which the oldest reader that is inside came: 0 for a guest, UINT64_MAX for nobody.
   UNLINK: seq_cst; pairs with ENTER in rcu_enter and enter_as_guest. LEAVE: pairs with rcu_leave. */
static uint64_t oldest_inside(void) {
  uint64_t oldest = UINT64_MAX;
  if (atomic_load_explicit(&guests, memory_order_seq_cst) > 0) return 0;
  uint32_t used = atomic_load_explicit(&readers_used, memory_order_seq_cst);
  for (uint32_t i = 0; i < used; i++) {
    uint64_t came = atomic_load_explicit(&readers[i].came, memory_order_seq_cst);
    if (came > 0 && came < oldest) oldest = came;
  }
  return oldest;
}

void rcu_reclaim(rcu_limbo *limbo, rcu_free *free_object) {
  /* relaxed: who sees nothing leaves it to the next one. */
  if (!atomic_load_explicit(&limbo->first, memory_order_relaxed)) return;
  rcu_object *object = take_all(limbo);
  uint64_t oldest = oldest_inside();
  for (rcu_object *next; object; object = next) {
    next = object->next;
    if (object->epoch < oldest)
      free_object(object);
    else
      limbo_push(limbo, object);
  }
}

void rcu_reclaim_all(rcu_limbo *limbo, rcu_free *free_object) {
  rcu_object *object = take_all(limbo);
  for (rcu_object *next; object; object = next) {
    next = object->next;
    free_object(object);
  }
}
