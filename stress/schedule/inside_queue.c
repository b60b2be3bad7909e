#include "sync/ring_list.c"

#include "core/queue_internal.h"
#include "schedule/inside.h"
#include "support/ring_invariants.h"

static uint32_t event_word(event *e) {
  return atomic_load_explicit(&e->word, memory_order_seq_cst) & ~EVENT_ARMED;
}

bool inside_queue_is_at_rest(BatchQueue *queue) {
  return event_word(&queue->not_empty) == 0 && event_word(&queue->not_full) == 0;
}

static const group_store *groups_of(const BatchQueue *queue) {
  if (handle_queue_is_bounded(&queue->handles)) return queue->handles.ring.groups;
  return atomic_load_explicit(&queue->handles.list.head, memory_order_relaxed)->ring.groups;
}

/* All rings of a list, also those that have been drained; one with another one behind it is closed. */
static const char *list_fault(const ring_list *list) {
  const ring_node *node = atomic_load_explicit(&list->head, memory_order_relaxed);
  while (is_ring(node)) {
    const ring_node *next = atomic_load_explicit(&node->next, memory_order_relaxed);
    const char *fault = ring_invariants(&node->ring);
    if (fault) return fault;
    if (next && !ring_is_closed(&node->ring)) return "a ring with another one behind it is not closed";
    inside_groups_of_ring(&node->ring);
    node = next;
  }
  return NULL;
}

static const char *ring_fault(const ring *r) {
  inside_groups_of_ring(r);
  return ring_invariants(r);
}

const char *inside_queue_fault(const BatchQueue *queue, uint32_t kept) {
  const handle_queue *q = &queue->handles;
  inside_groups_begin(groups_of(queue));
  const char *fault = handle_queue_is_bounded(q) ? ring_fault(&q->ring) : list_fault(&q->list);
  return fault ? fault : inside_groups_fault(kept);
}

void inside_queue_arrange_groups(BatchQueue *queue, group_state state) {
  inside_groups_arrange((group_store *)groups_of(queue), state);
}
