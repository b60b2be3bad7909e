/* So that a new pool soon lives in the memory of one that was freed. */
#define POOLS_RESTING 1
#include "core/pool.c"
#include "core/pool_loan.c"
#include "core/pool_resize.c"
#include "core/pool_stats.c"

#include "schedule/inside.h"

static uint32_t event_word(event *e) {
  return atomic_load_explicit(&e->word, memory_order_seq_cst) & ~EVENT_ARMED;
}

bool inside_pool_is_at_rest(BatchPool *pool) {
  bool at_rest = true;
  for (unsigned i = 0; i <= POOL_LOANS; i++) at_rest &= event_word(&pool->available[i]) == 0;
  return at_rest;
}
