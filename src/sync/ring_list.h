/* An unlimited queue of handles: a list of rings. A push that finds its ring full ends it and
   appends a new one that holds the handle already; a pop that finds its ring ended and drained
   moves on to the next, and the ring left behind goes back to the system when no thread can look at
   it any more: at the latest in the next pop that finds the list empty while nobody else is inside.

   Lock-free as the ring is, but for the allocation of a ring when the last one is full. A thread stopped
   inside a call keeps the memory of rings from going back, and nothing else.

   The pairs of memory orders, beside those of ring.h:
     LINK    push: seq_cst CAS of next  ->  FOLLOW  pop: seq_cst load of next: the new ring. seq_cst
             because a pop that finds an ended ring without a successor answers EMPTY here.
     UNLINK  pop: seq_cst CASes of tail and head -> rcu.h's ENTER, then a seq_cst load of either */
#ifndef HEADRACE_SYNC_RING_LIST_H
#define HEADRACE_SYNC_RING_LIST_H

#include "sync/rcu.h"
#include "sync/ring.h"

#ifndef RING_LIST_CAPACITY
#define RING_LIST_CAPACITY (8192u - RING_GROUP_MOST) /* handles a ring: 64 KiB of slots */
#endif
/* Of the first ring, which is there from the start: it takes as little as a ring can. */
#define RING_LIST_LEAST ((1u << RING_MIN_SHIFT) - RING_GROUP_MOST)
#define RING_LIST_FIRST (RING_LIST_CAPACITY < RING_LIST_LEAST ? RING_LIST_CAPACITY : RING_LIST_LEAST)

typedef struct ring_node ring_node;

typedef struct ring_list {
  _Alignas(PORT_LINE) _Atomic(ring_node *) head; /* consumers move it on */
  _Alignas(PORT_LINE) _Atomic(ring_node *) tail; /* producers move it on; never behind head */
  _Alignas(PORT_LINE) rcu_limbo limbo;           /* rings left behind */
} ring_list;

/* Makes an empty list, with the store of ring_init. Returns 0, or an errno: memory ran out, or what rcu_prepare needs. */
int ring_list_init(ring_list *list, group_store *groups);

/* Frees all rings; nobody may use the list any more. What is inside is forgotten. */
void ring_list_destroy(ring_list *list);

/* As the functions of ring.h; to push answers RING_NO_MEMORY when memory for a ring runs out. */
ring_status ring_list_push(ring_list *list, uint32_t handle);
ring_status ring_list_push_many(ring_list *list, const uint32_t *handles, uint32_t k, uint32_t *pushed);
ring_status ring_list_pop(ring_list *list, uint32_t *handle);
ring_status ring_list_pop_many(ring_list *list, uint32_t *handles, uint32_t k, uint32_t *taken);
ring_status ring_list_peek(ring_list *list, ring_try_retain *try_retain, ring_drop *drop, uint32_t *handle);
void ring_list_close(ring_list *list);
bool ring_list_is_closed(const ring_list *list);
bool ring_list_is_empty(const ring_list *list);
uint32_t ring_list_size(const ring_list *list);

#endif
