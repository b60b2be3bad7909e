/* What pools offer to the rest of the library beyond the public functions. */
#ifndef HEADRACE_CORE_POOL_INTERNAL_H
#define HEADRACE_CORE_POOL_INTERNAL_H

#include "core/batch_header.h"

/* Copies a caller's options, which it gave as `argument` of `function`, to mine. */
bool pool_read_options(const char *function, const char *argument, const batch_pool_options *given,
                       batch_pool_options *mine);

/* As batch_pool_create_with in the name of `function`, with options that have been read. */
BatchPool *pool_create(const char *function, const batch_pool_options *options);

/* n pools in the place of one, 1 <= n <= pool_size, each with its share of the batches. False when one cannot be made;
   those that are there are the caller's then too, the others NULL. */
bool pool_create_several(const char *function, const batch_pool_options *options, BatchPool **pools,
                         uint32_t n);

/* Takes a batch of the pool back whose last reference is gone: makes it idle, or frees it when the
   pool has shrunk or was freed. */
void pool_take_back(BatchPool *pool, batch_header *header);

/* A loader that takes its batches from a pool of the caller's has a loan of it, a number from 1 to POOL_LOANS: until it
   gives that back never more than *there batches are out at a time, and freeing the pool aborts. Its threads wait apart
   from everyone else, so that they can be woken alone. In the name of `function`, 0 and an error on a pool that is
   closed, has no batch, or has no loan left. */
unsigned pool_borrow(const char *function, BatchPool *pool, uint32_t *there);
void pool_give_back(BatchPool *pool, unsigned loan);

/* As batch_pool_allocate, for who may need no batch any more while it waits: NULL when the pool is closed, or after
   *ended was set (seq_cst) and pool_wake called. Sets no error. loan 0: the pool's owner, where nobody else waits. */
Batch *pool_allocate_unless(BatchPool *pool, unsigned loan, const _Atomic bool *ended);

/* Has everyone who waits with this loan look again: all of them have ended. */
void pool_wake(BatchPool *pool, unsigned loan);

/* How many batches have been handed out, and, unlike batch_pool_get_stats, idle ones that were retired: it never falls. */
uint64_t pool_pops(const BatchPool *pool);

/* The shape of the pool's batches, and how the block of each is laid out. */
const batch_shape *pool_shape(const BatchPool *pool);
const batch_layout *pool_layout(const BatchPool *pool);

/* The pool that the batch, or the one that it is a view of, goes back to; NULL: none. */
const BatchPool *pool_of(const Batch *batch);

#endif
