/* An event count with tokens: how a thread waits until a lock-free structure has changed, at the
   price of one load for those who change it while nobody waits. docs/blocking.md explains it.

   The word is {waiters : 16 | armed : 1 | tokens : 15}, tokens <= waiters. A waiter registers, looks
   once more, and sleeps until there is a token to take. A notifier adds a token for each waiter that has
   none yet, up to the number of elements that it published; so a burst makes at most one wake-up call
   a sleeping waiter.

   One waiter more sleeps in a descriptor, which whoever has an event loop polls. It is armed or not; its
   token is that armed is taken away, by whoever then makes the descriptor readable. It is told beside the
   sleepers and not in place of one: so neither a loop that never comes back nor a sleeper that never runs
   again keeps the other from its token, and nothing need be disarmed. Who polls looks until there is
   nothing, and arms again.

   The pairs of memory orders (checked by a model checker; every seq_cst is needed):
     REGISTER   wait: seq_cst add, then the seq_cst loads of retry()
     ARM        arm: seq_cst or, then the seq_cst loads of look()
     NOTICE     the operation's own seq_cst CAS (or the store that closes), then notify: seq_cst load
   NOTICE and each of the other two are a store buffering, in which at least one sees the other: either
   retry() or look() finds the element, or notify finds the waiter. LEAVE, taking a token or leaving at the
   deadline, is seq_cst as well: the look at the structure that follows must come after it for everybody. */
#ifndef HEADRACE_SYNC_EVENT_H
#define HEADRACE_SYNC_EVENT_H

#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define EVENT_WAITER      ((uint32_t)1 << 16)
#define EVENT_TOKEN       ((uint32_t)1)
#define EVENT_MAX_WAITERS ((uint32_t)0x7fff)
#define EVENT_ARMED       ((uint32_t)1 << 15)

typedef struct event {
  /* Waiters and notifiers CAS it; waiters sleep on it. */
  _Alignas(PORT_LINE) _Atomic uint32_t word;
  /* Waiters adapt it: how long spinning has been worth while, in nanoseconds. */
  _Alignas(PORT_LINE) _Atomic uint32_t spin;
  _Atomic uint32_t descriptor; /* the port's: 0 until somebody asks for one */
} event;

/* One try of the operation that the caller waits for. True: wait no longer. It must decide "nothing
   there" by seq_cst loads. */
typedef bool event_retry(void *context);

/* The same for who polls: true: there may be something, or there never will. It takes nothing. */
typedef bool event_look(void *context);

static inline uint32_t event_waiters(uint32_t word) {
  return word >> 16;
}

static inline uint32_t event_tokens(uint32_t word) {
  return word & EVENT_MAX_WAITERS;
}

static inline void event_init(event *e) {
  atomic_store_explicit(&e->word, 0, memory_order_relaxed);
  atomic_store_explicit(&e->spin, PORT_SPIN_MAX_NS / 2, memory_order_relaxed);
  atomic_store_explicit(&e->descriptor, 0, memory_order_relaxed);
}

/* Gives k >= 1 tokens, of the word seen, as far as there are waiters without one, and the descriptor's. */
PORT_APART void event_give(event *e, uint32_t x, uint32_t k) {
  for (;;) {
    uint32_t without = event_waiters(x) - event_tokens(x);
    uint32_t given = k < without ? k : without;
    uint32_t armed = x & EVENT_ARMED;
    if (given == 0 && armed == 0) return;
    /* relaxed: a token says only "look again"; what there is to see was published before NOTICE. */
    if (atomic_compare_exchange_weak_explicit(&e->word, &x, x + given * EVENT_TOKEN - armed,
                                              memory_order_relaxed, memory_order_relaxed)) {
      if (given > 0) port_wake(&e->word, given);
      if (armed > 0) port_tell(&e->descriptor);
      return;
    }
  }
}

/* The word, after the operation that lets others go on; 0: a notification would find nobody. */
static inline uint32_t event_notice(const event *e) {
  /* NOTICE: seq_cst; pairs with REGISTER in event_register and ARM in event_arm. */
  return atomic_load_explicit(&e->word, memory_order_seq_cst);
}

/* Adds up to k tokens and wakes as many sleepers, and the descriptor; after the operation that made k of them
   able to go on. */
static inline void event_notify(event *e, uint32_t k) {
  uint32_t x = event_notice(e);
  if (x != 0 && k != 0) event_give(e, x, k);
}

/* Lets every waiter look again; after what they wait for has taken effect for good (closing). */
static inline void event_notify_all(event *e) {
  event_notify(e, EVENT_MAX_WAITERS);
}

/* REGISTER: seq_cst; pairs with NOTICE in event_notice. False when the field has no room left, or had
   none a moment ago: the first look is relaxed. */
static inline bool event_register(event *e) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_relaxed);
  while (event_waiters(x) < EVENT_MAX_WAITERS)
    if (atomic_compare_exchange_weak_explicit(&e->word, &x, x + EVENT_WAITER, memory_order_seq_cst,
                                              memory_order_relaxed))
      return true;
  return false;
}

/* Takes the registration back after a success before sleeping. Tokens are left to the sleepers they
   were meant for, unless every waiter has one: then one was for the caller. relaxed: nothing is looked at
   afterwards. */
static inline void event_unregister(event *e) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_relaxed);
  uint32_t without;
  do {
    without = x - EVENT_WAITER;
    if (event_tokens(x) == event_waiters(x)) without -= EVENT_TOKEN;
  } while (!atomic_compare_exchange_weak_explicit(&e->word, &x, without, memory_order_relaxed,
                                                  memory_order_relaxed));
}

/* Sleeps until there is a token and takes it (true), or until the deadline (false), leaving no token
   behind that may have been meant for the caller: the sleeper it was left for might never be woken.
   relaxed looks before sleeping: the kernel compares the word again. */
static inline bool event_sleep(event *e, uint64_t deadline) {
  bool in_time = true;
  uint32_t x = atomic_load_explicit(&e->word, memory_order_relaxed);
  for (;;) {
    uint32_t token = event_tokens(x) > 0 ? EVENT_TOKEN : 0;
    if (token == 0 && in_time) {
      in_time = port_wait(&e->word, x, deadline);
      x = atomic_load_explicit(&e->word, memory_order_relaxed);
      continue;
    }
    /* LEAVE: seq_cst; the retry() that follows sees what was published before the token. */
    if (atomic_compare_exchange_weak_explicit(&e->word, &x, x - EVENT_WAITER - token, memory_order_seq_cst,
                                              memory_order_relaxed))
      return in_time;
  }
}

/* Moves the time to spin up or down by an eighth of what is left to the bound. relaxed, and lost
   updates are harmless: it is an estimate. */
static inline void event_adapt(event *e, uint32_t spin, bool paid) {
  uint32_t next = paid ? spin + (PORT_SPIN_MAX_NS - spin) / 8 : spin - (spin - PORT_SPIN_MIN_NS) / 8;
  if (next != spin) atomic_store_explicit(&e->spin, next, memory_order_relaxed);
}

/* Looks again for a bounded time, since a hand-off between running threads takes far less time than
   a sleep. After the first looks it gives the processor away between them: where threads outnumber
   processors, the one that is waited for may need this one. */
static inline bool event_spin(event *e, event_retry *retry, void *context, uint64_t deadline) {
  if (!port_may_spin()) return false;
  uint32_t spin = atomic_load_explicit(&e->spin, memory_order_relaxed);
  uint64_t end = port_clock() + spin;
  if (end > deadline) end = deadline;
  for (unsigned looks = 0;; looks++) {
    if (looks < 4)
      for (unsigned i = 0; i < 1u << looks; i++) port_pause();
    else
      port_yield();
    if (retry(context)) {
      event_adapt(e, spin, true);
      return true;
    }
    if (port_clock() >= end) break;
  }
  event_adapt(e, spin, false);
  return false;
}

/* Registers, and sleeps once unless retry(context) succeeds before. False: woken in vain, or too late, which *in_time
   then says. */
static inline bool event_wait_once(event *e, event_retry *retry, void *context, uint64_t deadline,
                                   bool *in_time) {
  if (!event_register(e)) { /* 32,767 threads wait already */
    port_yield();
    if (retry(context)) return true;
    *in_time = port_clock() < deadline;
    return false;
  }
  if (retry(context)) {
    event_unregister(e);
    return true;
  }
  *in_time = event_sleep(e, deadline);
  return retry(context);
}

/* Waits until retry(context) succeeds (true), or until the deadline, in nanoseconds of
   CLOCK_MONOTONIC (what one last retry() gives); UINT64_MAX: for ever. */
static inline bool event_wait(event *e, event_retry *retry, void *context, uint64_t deadline) {
  bool in_time = true;
  if (event_spin(e, retry, context, deadline)) return true;
  while (!event_wait_once(e, retry, context, deadline, &in_time))
    if (!in_time) return false;
  return true;
}

/* Arms the descriptor, which port_descriptor has made, drained of earlier tokens: it is readable once a token
   has been given since, and at once if look(context) finds something. Returns 0, or an errno: not armed.
   Any number of threads may arm, and wait for the one descriptor: who finds something takes the token, and
   so leaves it readable for all of them. */
static inline int event_arm(event *e, event_look *look, void *context) {
  int error = port_drain(&e->descriptor);
  if (error != 0) return error;
  /* ARM: seq_cst, also where it is armed already; pairs with NOTICE in event_notice. */
  atomic_fetch_or_explicit(&e->word, EVENT_ARMED, memory_order_seq_cst);
  /* relaxed: as the tokens of event_give. */
  if (look(context) && atomic_fetch_and_explicit(&e->word, ~EVENT_ARMED, memory_order_relaxed) & EVENT_ARMED)
    port_tell(&e->descriptor);
  return 0;
}

#endif
