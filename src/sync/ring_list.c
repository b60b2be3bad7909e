#include "sync/ring_list.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

struct ring_node {
  rcu_object retired;
  ring ring;
  /* NULL, then once and for ever the next ring or the mark that the list is closed. Producers CAS it. */
  _Atomic(ring_node *) next;
  _Alignas(PORT_LINE) _Atomic uint64_t slots[];
};

static ring_node closed_mark;
#define CLOSED_MARK (&closed_mark)

static size_t node_bytes(uint32_t capacity) {
  return offsetof(ring_node, slots) + (sizeof(uint64_t) << ring_shift_for(capacity));
}

static ring_node *node_create(uint32_t capacity, group_store *groups) {
  ring_node *node =
      mmap(NULL, node_bytes(capacity), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (node == MAP_FAILED) return NULL;
  ring_init(&node->ring, node->slots, capacity, 0, groups);
  atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
  return node;
}

static void node_free(rcu_object *retired) {
  const ring_node *node = (const ring_node *)retired;
  munmap(retired, node_bytes(node->ring.capacity));
}

static ring_node *node_next(const ring_node *node) {
  /* FOLLOW: seq_cst; pairs with LINK in node_append and ring_list_close. */
  return atomic_load_explicit(&node->next, memory_order_seq_cst);
}

static bool is_ring(const ring_node *next) {
  return next && next != CLOSED_MARK;
}

/* An end of the list. seq_cst: pairs with UNLINK in move_on, see rcu.h; the ring is made before. */
static ring_node *node_at(const _Atomic(ring_node *) *end) {
  return atomic_load_explicit(end, memory_order_seq_cst);
}

/* Moves an end of the list on from node; false when somebody else has done so: *node is where it is.
   UNLINK: seq_cst, also when it fails; pairs with the load in node_at after rcu_enter. */
static bool move_on(_Atomic(ring_node *) *end, ring_node **node, ring_node *next) {
  return atomic_compare_exchange_strong_explicit(end, node, next, memory_order_seq_cst, memory_order_seq_cst);
}

int ring_list_init(ring_list *list, group_store *groups) {
  int answer = rcu_prepare();
  ring_node *first = answer == 0 ? node_create(RING_LIST_FIRST, groups) : NULL;
  atomic_store_explicit(&list->limbo.first, NULL, memory_order_relaxed);
  atomic_store_explicit(&list->head, first, memory_order_relaxed);
  atomic_store_explicit(&list->tail, first, memory_order_relaxed);
  return answer == 0 && !first ? ENOMEM : answer;
}

void ring_list_destroy(ring_list *list) {
  ring_node *node = atomic_load_explicit(&list->head, memory_order_relaxed);
  while (is_ring(node)) {
    ring_node *next = node_next(node);
    node_free(&node->retired);
    node = next;
  }
  rcu_reclaim_all(&list->limbo, node_free);
}

/* Ends node's ring and appends a new one that holds the first of the handles already. Returns what follows node: the
   new ring (*pushed is how many), or what another thread put there first; NULL when memory runs out. */
static ring_node *node_append(ring_node *node, const uint32_t *handles, uint32_t k, uint32_t *pushed) {
  ring_node *next = node_next(node);
  *pushed = 0;
  if (next) return next;
  ring_node *made = node_create(RING_LIST_CAPACITY, node->ring.groups);
  if (!made) return NULL;
  ring_push_many(&made->ring, handles, k, pushed);
  ring_close(&node->ring);
  /* LINK: seq_cst; pairs with FOLLOW in node_next. The push linearizes here. */
  if (atomic_compare_exchange_strong_explicit(&node->next, &next, made, memory_order_seq_cst,
                                              memory_order_seq_cst))
    return made;
  uint32_t back[RING_GROUP_MOST], count;
  ring_pop_many(&made->ring, back, RING_GROUP_MOST, &count); /* so that a group goes back */
  *pushed = 0;
  node_free(&made->retired);
  return next;
}

/* Inline, so that the call for one handle is made from it; for that one *pushed says nothing. */
static inline ring_status push(ring_list *list, const uint32_t *handles, uint32_t k, uint32_t *pushed) {
  rcu_reader *me = rcu_enter();
  ring_node *node = node_at(&list->tail);
  ring_status status;
  while ((status = k == 1 ? ring_push(&node->ring, handles[0])
                          : ring_push_many(&node->ring, handles, k, pushed)) != RING_OK) {
    ring_node *next = node_append(node, handles, k, pushed);
    status = *pushed > 0 ? RING_OK : next ? RING_CLOSED : RING_NO_MEMORY;
    ring_node *seen = node;
    if (is_ring(next)) move_on(&list->tail, &seen, next);
    if (*pushed > 0 || !is_ring(next)) break;
    node = next;
  }
  rcu_leave(me);
  return status;
}

ring_status ring_list_push(ring_list *list, uint32_t handle) {
  uint32_t pushed;
  return push(list, &handle, 1, &pushed);
}

ring_status ring_list_push_many(ring_list *list, const uint32_t *handles, uint32_t k, uint32_t *pushed) {
  ring_status status = push(list, handles, k, pushed);
  if (k == 1) *pushed = status == RING_OK;
  return status;
}

/* What a consumer found at the end of node's ring: the next ring to look in, or NULL and the answer. */
static ring_node *leave_drained(ring_list *list, ring_node *node, ring_status *status) {
  ring_node *next = node_next(node);
  *status = next ? RING_CLOSED : RING_EMPTY;
  if (!is_ring(next)) return NULL;
  ring_node *seen = node;
  move_on(&list->tail, &seen, next); /* tail must not stay at a ring that goes away */
  seen = node;
  if (!move_on(&list->head, &seen, next)) return seen;
  rcu_retire(&list->limbo, &node->retired);
  return next;
}

/* Ends a call that takes or looks: one that has moved on or found nothing gives rings back. */
static void end_taking(ring_list *list, rcu_reader *me, bool slow) {
  rcu_leave(me);
  if (slow) rcu_reclaim(&list->limbo, node_free);
}

static inline ring_status pop(ring_list *list, uint32_t *handles, uint32_t k, uint32_t *taken) {
  rcu_reader *me = rcu_enter();
  ring_node *first = node_at(&list->head), *node = first;
  ring_status status;
  do {
    status = k == 1 ? ring_pop(&node->ring, handles) : ring_pop_many(&node->ring, handles, k, taken);
    if (status != RING_CLOSED) break;
    node = leave_drained(list, node, &status);
  } while (node);
  end_taking(list, me, node != first || status != RING_OK);
  return status;
}

ring_status ring_list_pop(ring_list *list, uint32_t *handle) {
  return pop(list, handle, 1, NULL);
}

ring_status ring_list_pop_many(ring_list *list, uint32_t *handles, uint32_t k, uint32_t *taken) {
  ring_status status = pop(list, handles, k, taken);
  if (k == 1) *taken = status == RING_OK;
  return status;
}

ring_status ring_list_peek(ring_list *list, ring_try_retain *try_retain, ring_drop *drop, uint32_t *handle) {
  rcu_reader *me = rcu_enter();
  ring_node *first = node_at(&list->head), *node = first;
  ring_status status;
  do {
    status = ring_peek(&node->ring, try_retain, drop, handle);
    if (status != RING_CLOSED) break;
    node = leave_drained(list, node, &status);
  } while (node);
  end_taking(list, me, node != first || status != RING_OK);
  return status;
}

void ring_list_close(ring_list *list) {
  rcu_reader *me = rcu_enter();
  ring_node *node = node_at(&list->tail);
  while (is_ring(node)) {
    ring_node *next = NULL;
    ring_close(&node->ring);
    /* LINK: as in node_append: nothing can follow any more. */
    if (atomic_compare_exchange_strong_explicit(&node->next, &next, CLOSED_MARK, memory_order_seq_cst,
                                                memory_order_seq_cst))
      break;
    node = next;
  }
  rcu_leave(me);
}

bool ring_list_is_closed(const ring_list *list) {
  rcu_reader *me = rcu_enter();
  ring_node *node = node_at(&list->tail);
  while (is_ring(node)) node = node_next(node);
  rcu_leave(me);
  return node == CLOSED_MARK;
}

bool ring_list_is_empty(const ring_list *list) {
  rcu_reader *me = rcu_enter();
  ring_node *node = node_at(&list->head);
  while (is_ring(node) && ring_is_empty(&node->ring)) node = node_next(node);
  rcu_leave(me);
  return !is_ring(node);
}

uint32_t ring_list_size(const ring_list *list) {
  uint64_t size = 0;
  rcu_reader *me = rcu_enter();
  for (ring_node *node = node_at(&list->head); is_ring(node); node = node_next(node))
    size += ring_size(&node->ring);
  rcu_leave(me);
  return size > UINT32_MAX ? UINT32_MAX : (uint32_t)size;
}
