/* What lanes need of queues beyond the public functions. */
#ifndef HEADRACE_CORE_QUEUE_INTERNAL_H
#define HEADRACE_CORE_QUEUE_INTERNAL_H

#include <headrace/queue.h>

/* Positions of a bounded queue: batches are numbered as they enter. The next one to enter gets
   queue_tail, the next one to leave has queue_head. Both only grow. */
uint64_t queue_tail(const BatchQueue *queue);
uint64_t queue_head(const BatchQueue *queue);

#endif
