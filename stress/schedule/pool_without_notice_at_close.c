/* A control of proof_pool_free: a pool whose closing wakes nobody. */
#include "sync/event.h"

static inline void wake_nobody(event *e) {
  (void)e;
}
#define event_notify_all wake_nobody

#include "schedule/inside_pool.c"
