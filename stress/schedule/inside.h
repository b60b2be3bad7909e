/* What the proofs look at inside of queues and pools, which are opaque: inside_queue.c knows the structure, and compiles
   sync/ring_list.c and stands next to it; inside_pool.c does so with core/pool*.c. */
#ifndef HEADRACE_STRESS_INSIDE_H
#define HEADRACE_STRESS_INSIDE_H

#include <headrace/pool.h>
#include <headrace/queue.h>

#include "schedule/inside_groups.h"

/* Whether nobody is registered as waiting, and no token is left; a descriptor may be armed. */
bool inside_queue_is_at_rest(BatchQueue *queue);
bool inside_pool_is_at_rest(BatchPool *pool);

/* For a subject of queues: fault_inside and arrange_groups. */
const char *inside_queue_fault(const BatchQueue *queue, uint32_t kept);
void inside_queue_arrange_groups(BatchQueue *queue, group_state state);

#endif
