/* What batches and loaders need of pools. */
#ifndef HEADRACE_CORE_POOL_INTERNAL_H
#define HEADRACE_CORE_POOL_INTERNAL_H

#include "core/batch_header.h"

/* Takes a batch of the pool back whose last reference is gone: makes it idle, or frees it when the
   pool has shrunk or was freed. */
void pool_take_back(BatchPool *pool, batch_header *header);
#endif
