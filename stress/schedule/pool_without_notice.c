/* A control of proof_resize: a pool that wakes nobody. */
#include "sync/event.h"

static inline void wake_nobody(event *e, uint32_t k) {
  (void)e, (void)k;
}
#define event_notify wake_nobody

#include "schedule/inside_pool.c"
