/* A control of proof_pool_loans: a pool where everyone waits in one place, so that who has ended can be woken only
   together with those who go on waiting, and who take what woke it. */
#include "core/pool_internal.h"

Batch *allocate_apart(BatchPool *pool, unsigned loan, const _Atomic bool *ended);
void wake_apart(BatchPool *pool, unsigned loan);

#define pool_allocate_unless allocate_apart
#define pool_wake            wake_apart
#include "schedule/inside_pool.c"
#undef pool_allocate_unless
#undef pool_wake

Batch *pool_allocate_unless(BatchPool *pool, unsigned loan, const _Atomic bool *ended) {
  (void)loan;
  return allocate_apart(pool, 0, ended);
}

void pool_wake(BatchPool *pool, unsigned loan) {
  (void)loan;
  wake_apart(pool, 0);
}
