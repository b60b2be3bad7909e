/* A Treiber stack of 24-bit handles (Treiber 1986). The word is {tag, handle}; the tag goes up with
   every pop, so a head that was popped and pushed again between a look and a CAS is told apart. The
   links live in the elements, in memory that stays readable for ever (slab.h).

   The pairs of memory orders:
     GIVE   push: CAS of head  ->  GET    pop, count: load of head: the element's bytes and link
     BELOW  push: store of the link  ->  count: load of the link: that the element had been popped before
   To pop the link may be stale: the tag catches it. GIVE and GET are seq_cst, more than the pair
   needs, because others decide by them after a store of their own: a waiter that finds the stack
   empty after registering (event.h), and a pool that shrinks (pool_size.h). */
#ifndef HEADRACE_SYNC_STACK_H
#define HEADRACE_SYNC_STACK_H

#include "handle.h"
#include "port.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifndef STACK_TAG_BITS
#define STACK_TAG_BITS HANDLE_COUNT_BITS
#endif

/* How long who has lost a CAS waits, each time, for each thread that waits beside it. One who pushes and one who pops, on
   two processors, take turns, and nobody waits beside; of many who both push and pop one runs on for long. */
#define STACK_LINGER_NS 1250u

#define STACK_TAG_MASK ((UINT64_C(1) << STACK_TAG_BITS) - 1)

/* All zero: empty. */
typedef struct stack {
  _Alignas(PORT_LINE) _Atomic uint64_t head; /* {tag, handle}; handle 0: empty. Everyone CASes it. */
  _Atomic uint64_t wraps;                    /* of the tag; whoever wraps it adds one */
  port_crowd late;                           /* who have lost a CAS */
} stack;

/* Where the link of a handle is kept, which is the handle below it; the owner of the stack says. */
typedef _Atomic uint32_t *stack_link(const void *owner, uint32_t handle);

static inline uint64_t stack_word(uint64_t tag, uint32_t handle) {
  return (tag & STACK_TAG_MASK) << HANDLE_BITS | handle;
}

static inline uint32_t stack_handle(uint64_t word) {
  return handle_of(word);
}

static inline uint64_t stack_tag(uint64_t word) {
  return word >> HANDLE_BITS & STACK_TAG_MASK;
}

/* Puts handle, which is not 0 and on no stack, on top. */
static inline void stack_push(stack *s, stack_link *link, const void *owner, uint32_t handle) {
  /* relaxed, here and below: nothing is read by it but through the CAS. */
  uint64_t seen = atomic_load_explicit(&s->head, memory_order_relaxed);
  for (;;) {
    /* BELOW: release; pairs with the load in stack_count. */
    atomic_store_explicit(link(owner, handle), stack_handle(seen), memory_order_release);
    /* GIVE: seq_cst; pairs with GET in stack_pop. The tag stays. A failure may be relaxed: after backing
       off head is read afresh. */
    if (atomic_compare_exchange_weak_explicit(&s->head, &seen, stack_word(stack_tag(seen), handle),
                                              memory_order_seq_cst, memory_order_relaxed))
      return;
    port_linger(&s->late, STACK_LINGER_NS);
    seen = atomic_load_explicit(&s->head, memory_order_relaxed);
  }
}

/* Takes the top; returns 0 when the stack is empty. */
static inline uint32_t stack_pop(stack *s, stack_link *link, const void *owner) {
  /* GET: seq_cst; pairs with GIVE in stack_push. */
  uint64_t seen = atomic_load_explicit(&s->head, memory_order_seq_cst);
  for (;;) {
    uint32_t top = stack_handle(seen);
    if (top == 0) return 0;
    uint32_t next = atomic_load_explicit(link(owner, top), memory_order_relaxed);
    uint64_t tag = stack_tag(seen) + 1;
    /* The new tag is made from the head that is compared. release: pairs with GET, for who finds the
       stack empty by it; what the element holds has been acquired with the head. A failure is not used. */
    if (atomic_compare_exchange_weak_explicit(&s->head, &seen, stack_word(tag, next), memory_order_release,
                                              memory_order_relaxed)) {
      if ((tag & STACK_TAG_MASK) == 0) atomic_fetch_add_explicit(&s->wraps, 1, memory_order_relaxed);
      return top;
    }
    port_linger(&s->late, STACK_LINGER_NS);
    /* acquire: as GET, but that the decision what came before it has been taken above. */
    seen = atomic_load_explicit(&s->head, memory_order_acquire);
  }
}

/* How many pops have succeeded on a stack that began as all zero; nobody who pops counts for it. For a
   moment after every 2^40th pop the wrap of the tag may not be counted yet. */
static inline uint64_t stack_pops(const stack *s) {
  uint64_t wraps = atomic_load_explicit(&s->wraps, memory_order_relaxed);
  return stack_tag(atomic_load_explicit(&s->head, memory_order_relaxed)) +
         (wraps << (STACK_TAG_BITS - 1) << 1);
}

/* Counts the elements from the top down, `most` of them at most: as many steps, which no push or pop has to pay
   for. False: others changed the stack meanwhile, and *count is what was met on the way. */
static inline bool stack_count(const stack *s, stack_link *link, const void *owner, uint32_t most,
                               uint32_t *count) {
  /* acquire: pairs with GIVE: the links of all that was pushed. */
  uint64_t seen = atomic_load_explicit(&s->head, memory_order_acquire);
  uint32_t handle = stack_handle(seen);
  for (*count = 0; handle != 0 && *count < most; ++*count)
    /* acquire: pairs with BELOW in stack_push: who reads a later link finds that head has moved. */
    handle = atomic_load_explicit(link(owner, handle), memory_order_acquire);
  return atomic_load_explicit(&s->head, memory_order_relaxed) == seen;
}

#endif
