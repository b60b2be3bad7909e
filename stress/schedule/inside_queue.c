#include "schedule/inside.h"

#include "core/queue_internal.h"

static uint32_t event_word(event *e) {
  return atomic_load_explicit(&e->word, memory_order_seq_cst) & ~EVENT_ARMED;
}

bool inside_queue_is_at_rest(BatchQueue *queue) {
  return event_word(&queue->not_empty) == 0 && event_word(&queue->not_full) == 0;
}
