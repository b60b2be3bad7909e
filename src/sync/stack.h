/* A Treiber stack of 24-bit handles (Treiber 1986). The word is {tag, handle}; the tag goes up with
   every pop, so a head that was popped and pushed again between a look and a CAS is told apart. The
   links live in the elements, in memory that stays readable for ever (slab.h).

   The pairs of memory orders:
     GIVE   push: CAS of head  ->  GET    pop: load of head: the element's bytes and link
     BELOW  push: store of the link  ->  counts: load of the link: that the element had been popped before
   To pop the link may be stale: the tag catches it. GIVE and GET are seq_cst, more than the pair
   needs, because others decide by them after a store of their own: a waiter that finds the stack
   empty after registering (event.h), and a pool that shrinks (pool.c). */
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

#define STACK_TAG_MASK ((UINT64_C(1) << STACK_TAG_BITS) - 1)

typedef struct stack {
  _Alignas(PORT_LINE) _Atomic uint64_t head; /* {tag, handle}; handle 0: empty. Everyone CASes it. */
  _Atomic uint64_t wraps;                    /* of the tag; whoever wraps it adds one */
} stack;

/* Where the link of a handle is kept; the owner of the stack says. The word is {depth, handle}: how
   many elements lie from this one down, and the next of them. */
typedef _Atomic uint64_t *stack_link(const void *owner, uint32_t handle);

static inline uint64_t stack_word(uint64_t tag, uint32_t handle) {
  return (tag & STACK_TAG_MASK) << HANDLE_BITS | handle;
}

static inline uint32_t stack_handle(uint64_t word) {
  return handle_of(word);
}

static inline uint64_t stack_tag(uint64_t word) {
  return word >> HANDLE_BITS & STACK_TAG_MASK;
}

/* Makes an empty stack; first_tag is 0 but for tests of the wrap. */
static inline void stack_init(stack *s, uint64_t first_tag) {
  atomic_store_explicit(&s->head, stack_word(first_tag, 0), memory_order_relaxed);
  atomic_store_explicit(&s->wraps, 0, memory_order_relaxed);
}

/* How many elements lie from the top that word names down: right if head, looked at again, is word. */
static inline uint64_t stack_depth_of(stack_link *link, const void *owner, uint64_t word) {
  uint32_t top = stack_handle(word);
  if (top == 0) return 0;
  /* acquire: pairs with BELOW in stack_push: who reads a later link finds that head has moved. */
  return atomic_load_explicit(link(owner, top), memory_order_acquire) >> HANDLE_BITS;
}

/* Puts handle, which is not 0 and on no stack, on top. */
static inline void stack_push(stack *s, stack_link *link, const void *owner, uint32_t handle) {
  unsigned ceiling = 0;
  /* acquire: pairs with GIVE: the depth of the top. */
  uint64_t seen = atomic_load_explicit(&s->head, memory_order_acquire);
  for (;;) {
    uint64_t depth = stack_depth_of(link, owner, seen) + 1;
    /* BELOW: release; pairs with the load in stack_depth_of. */
    atomic_store_explicit(link(owner, handle), stack_word(depth, stack_handle(seen)), memory_order_release);
    /* GIVE: seq_cst; pairs with GET in stack_pop. The tag stays. A failure may be relaxed: after backing
       off head is read afresh. */
    if (atomic_compare_exchange_weak_explicit(&s->head, &seen, stack_word(stack_tag(seen), handle),
                                              memory_order_seq_cst, memory_order_relaxed))
      return;
    port_backoff(&ceiling);
    seen = atomic_load_explicit(&s->head, memory_order_acquire);
  }
}

/* Takes the top; returns 0 when the stack is empty. */
static inline uint32_t stack_pop(stack *s, stack_link *link, const void *owner) {
  unsigned ceiling = 0;
  /* GET: seq_cst; pairs with GIVE in stack_push. */
  uint64_t seen = atomic_load_explicit(&s->head, memory_order_seq_cst);
  for (;;) {
    uint32_t top = stack_handle(seen);
    if (top == 0) return 0;
    uint32_t next = stack_handle(atomic_load_explicit(link(owner, top), memory_order_relaxed));
    uint64_t tag = stack_tag(seen) + 1;
    /* The new tag is made from the head that is compared. release: pairs with GET, for who finds the
       stack empty by it; what the element holds has been acquired with the head. A failure is not used. */
    if (atomic_compare_exchange_weak_explicit(&s->head, &seen, stack_word(tag, next), memory_order_release,
                                              memory_order_relaxed)) {
      if ((tag & STACK_TAG_MASK) == 0) atomic_fetch_add_explicit(&s->wraps, 1, memory_order_relaxed);
      return top;
    }
    port_backoff(&ceiling);
    /* acquire: as GET, but that the decision what came before it has been taken above. */
    seen = atomic_load_explicit(&s->head, memory_order_acquire);
  }
}

/* How many pops have succeeded on a stack whose first tag was 0, and how many elements are on it: the
   statistics of those who use it, at no cost to them. Both of one instant, but that for a moment after
   every 2^40th pop the wrap of the tag may not be counted yet; tries again while others work. */
static inline void stack_counts(const stack *s, stack_link *link, const void *owner, uint64_t *pops,
                                uint64_t *depth) {
  uint64_t seen, again = atomic_load_explicit(&s->head, memory_order_acquire);
  do {
    seen = again;
    *depth = stack_depth_of(link, owner, seen);
    /* acquire: pairs with GIVE, as above; head unchanged means that the depth was its top's. */
    again = atomic_load_explicit(&s->head, memory_order_acquire);
  } while (again != seen);
  *pops =
      stack_tag(seen) + (atomic_load_explicit(&s->wraps, memory_order_relaxed) << (STACK_TAG_BITS - 1) << 1);
}

#endif
