/* What the proofs look at inside of queues and pools, which are opaque: inside_queue.c knows the structure,
   inside_pool.c compiles core/pool*.c and stands next to it. */
#ifndef HEADRACE_STRESS_INSIDE_H
#define HEADRACE_STRESS_INSIDE_H

#include <headrace/pool.h>
#include <headrace/queue.h>

/* Whether nobody is registered as waiting, and no token is left; a descriptor may be armed. */
bool inside_queue_is_at_rest(BatchQueue *queue);
bool inside_pool_is_at_rest(BatchPool *pool);

#endif
