/* Queues of small batches that are told apart by their ids. */
#ifndef HEADRACE_TESTS_QUEUES_H
#define HEADRACE_TESTS_QUEUES_H

#include <headrace/queue.h>

BatchQueue *queue_of(uint32_t capacity);

/* A queue with batches of ids 0 to n-1 inside. */
BatchQueue *queue_with(uint32_t capacity, uint32_t n);

void queue_put(BatchQueue *queue, uint64_t id);

/* Takes the next batch, which has this id, and releases it. */
void assert_next(BatchQueue *queue, uint64_t id);

void assert_holds(BatchQueue *queue, uint32_t size, bool full);

#endif
