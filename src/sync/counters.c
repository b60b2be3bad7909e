#include "sync/counters.h"

unsigned counters_my_shard(void) {
  static _Atomic unsigned threads;
  static _Thread_local unsigned mine; /* shard + 1; 0: not numbered yet */
  if (mine == 0) mine = atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % COUNTERS_SHARDS + 1;
  return mine - 1;
}
