/* Waiting for a descriptor of the library's. */
#ifndef HEADRACE_STRESS_SOAK_POLLS_H
#define HEADRACE_STRESS_SOAK_POLLS_H

#include "soak/soak.h"

/* Waits until it is readable, signals or not; each look is a step of the calling thread. */
void poll_until_readable(int fd);

/* As the calls that wait, by trying, arming and polling; where a descriptor cannot be had they wait without one. */
batch_status poll_loader(BatchLoader *loader, Batch **batch);
batch_status poll_dequeue(BatchQueue *queue, Batch **batch);
batch_status poll_enqueue(BatchQueue *queue, Batch *batch);
batch_status poll_allocate(BatchPool *pool, Batch **batch);

#endif
