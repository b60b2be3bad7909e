/* A first-in first-out queue of batches between any number of producers and consumers.

   Usage:
       BatchQueue *queue = batch_queue_create(64);

       // a producer; it fails when the queue is closed
       if (!batch_queue_enqueue(queue, batch)) batch_release(batch);

       // a consumer
       while ((batch = batch_queue_dequeue(queue))) {
         train(batch);
         batch_release(batch);
       }

       // the end: when all threads have been joined, it is freed
       batch_queue_close(queue);
       batch_queue_free(queue);

   In an event loop, which must not wait in a call:
       int fd = batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE);
       struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
       epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
       do {
         while ((batch = batch_queue_try_dequeue(queue))) {
           train(batch);
           batch_release(batch);
         }
         status = batch_queue_arm(queue, BATCH_QUEUE_DEQUEUE);
         if (status == BATCH_OK) epoll_wait(loop, &event, 1, -1);
       } while (status == BATCH_OK || status == BATCH_READY);
       // else it is BATCH_CLOSED, or an error

   References: a successful enqueue takes over the caller's reference, a failed one leaves it with the caller;
   a dequeue hands the reference to its caller.

   Threads: every call may run at the same time as every other one, from any number of threads, but for
   batch_queue_free, which must be the last.

   Guarantees: linearizable, closing included. A full queue holds exactly `capacity` batches: FULL is answered
   only if so many were inside at some instant of the call, EMPTY only if none was. Everything written before
   an enqueue is visible after the dequeue.

   Progress: lock-free in the strict sense: a thread that stops for ever inside any call stops no other one
   that is not asleep. Only the calls that say so wait.

   Waiting: where there is more than one processor, a thread that waits looks again for 1 to 50 microseconds
   first, by the clock and by what has been worth while on this queue: that takes processor time, which after
   four looks is given away between two of them. Then it sleeps in the kernel, which takes none (but when
   32,767 sleep on that side already, or where a sandbox refuses the futex, it goes on looking).

   Who sleeps must be woken: an enqueue chooses and wakes one consumer, if any sleeps, a dequeue one producer,
   and one of many batches as many as there are. If the thread that wakes stops before it has done so, or the
   one that it chose gets no processor any more, others who sleep go on sleeping beside that batch (or place)
   until the next enqueue (or dequeue) wakes one of them; calls that come meanwhile find it as ever.

   A descriptor that is armed is told beside those who sleep, and in place of none: an enqueue (or dequeue)
   that finds it armed makes it readable, which is one system call for each time that it was armed. Where
   nothing is armed and nobody sleeps, nothing is called.

   Memory: the unlimited queue (capacity 0) begins with three pages and maps a ring of 8192 slots in the
   enqueue that finds the last ring full; dequeues unmap what was drained and never allocate. While a thread
   is stopped inside a call on any unlimited queue, drained rings stay; they go with the next dequeue that
   finds the queue empty.

   An enqueue of several batches keeps them in a note of 320 bytes; where more notes are in use than ever
   before, it allocates 1024 by malloc, whose locks are not ours: a thread that stops in there may stop
   another one that needs such notes or calls malloc, and no other call on queues.

   Fork: the child has a queue of its own, as it was at that instant, whatever other threads were doing;
   references that those threads held stay held. */
#ifndef HEADRACE_QUEUE_H
#define HEADRACE_QUEUE_H

#include "batch.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchQueue BatchQueue;

/* The largest bounded capacity; an unlimited queue may hold every batch that there can be, BATCH_MAX_LIVE
   (batch.h), or more references to fewer of them. */
#define BATCH_QUEUE_MAX_CAPACITY ((uint32_t)((1u << 24) - 64))

/* Makes a queue. capacity: 1 to BATCH_QUEUE_MAX_CAPACITY batches, or 0 for no limit.
   Returns: the queue, owned by the caller; NULL on a larger capacity or lack of memory, or, for the
   first unlimited queue of a process, while all of its thread-specific keys are in use. */
HEADRACE_API BatchQueue *batch_queue_create(uint32_t capacity);

/* Releases what is still inside and frees the queue. No other call may be running or follow: freeing it
   twice aborts, any other call cannot be told. NULL is fine. */
HEADRACE_API void batch_queue_free(BatchQueue *queue);

/* Appends a batch, waiting while the queue is full.
   Returns: true, and the queue owns the reference; false when the queue is closed, or, unlimited, finds no
   memory for a further ring (BATCH_ERROR_OUT_OF_MEMORY), as for every enqueue. */
HEADRACE_API bool batch_queue_enqueue(BatchQueue *queue, Batch *batch);

/* Appends a batch if there is room. Never waits.
   Returns: true, and the queue owns the reference; false when full or closed: which of the two is in
   batch_last_error()->code. */
HEADRACE_API bool batch_queue_try_enqueue(BatchQueue *queue, Batch *batch);

/* Appends a batch, waiting until `deadline` (absolute nanoseconds of CLOCK_MONOTONIC, see
   batch_deadline_after; BATCH_NO_WAIT, BATCH_FOREVER).
   Returns: BATCH_OK; BATCH_CLOSED; BATCH_FULL with BATCH_NO_WAIT; BATCH_TIMEDOUT; BATCH_ERROR_OUT_OF_MEMORY;
   BATCH_ERROR_INVALID_ARGUMENT. */
HEADRACE_API batch_status batch_queue_enqueue_until(BatchQueue *queue, Batch *batch, uint64_t deadline);

/* Appends 1 to n batches, batches[0] and following, in one atomic step, as far as there is room and 64 at
   most: they are consecutive, and nobody sees some of them without the others. Never waits. batches is not
   changed; n may be 0, and batches NULL then: the answer is 0 and no error.
   Returns: how many went in: the first so many references now belong to the queue, the others are still the
   caller's. 0, unless n is, means that none could: batch_last_error()->code is BATCH_FULL, BATCH_CLOSED or
   BATCH_ERROR_OUT_OF_MEMORY (unlimited). Fewer than n, or 64, does not mean that the queue is full: the step
   may find less room than there is; or no memory for the note that holds several, or one of the two turns of
   the queue in 2^32 that are for one at a time, and then takes one.
   Errors: BATCH_ERROR_INVALID_ARGUMENT where one of the first 64 batches is NULL; that is said also when
   those before it went in. What is behind them is not looked at.
   Cost: that of one note for all, which is more than two or three single calls take. */
HEADRACE_API size_t batch_queue_enqueue_many(BatchQueue *queue, Batch *const *batches, size_t n);

/* As batch_queue_enqueue_many, but in as many steps as it takes, waiting for room until all n are in, which
   may be more than the capacity.
   Returns: n; fewer when the queue is closed meanwhile, or for the other two reasons that are no want of
   room. */
HEADRACE_API size_t batch_queue_enqueue_many_wait(BatchQueue *queue, Batch *const *batches, size_t n);

/* As batch_queue_enqueue_many_wait, until all n are in or until `deadline`.
   Returns: BATCH_OK when all n are in, else as batch_queue_enqueue_until. *entered is how many went in,
   whatever the answer: the first so many references now belong to the queue. entered is not NULL. */
HEADRACE_API batch_status batch_queue_enqueue_many_until(BatchQueue *queue, Batch *const *batches, size_t n,
                                                         uint64_t deadline, size_t *entered);

/* Takes the oldest batch, waiting while there is none.
   Returns: the batch, whose reference now belongs to the caller; NULL when the queue is closed
   and drained. */
HEADRACE_API Batch *batch_queue_dequeue(BatchQueue *queue);

/* Takes the oldest batch if there is one. Never waits.
   Returns: the batch, whose reference now belongs to the caller; NULL when empty, or closed and drained:
   which of the two is in batch_last_error()->code. */
HEADRACE_API Batch *batch_queue_try_dequeue(BatchQueue *queue);

/* Takes the oldest batch, waiting until `deadline`.
   Returns: BATCH_OK and *batch; else *batch is NULL and the answer BATCH_CLOSED (and drained),
   BATCH_EMPTY with BATCH_NO_WAIT, BATCH_TIMEDOUT, or BATCH_ERROR_INVALID_ARGUMENT. */
HEADRACE_API batch_status batch_queue_dequeue_until(BatchQueue *queue, Batch **batch, uint64_t deadline);

/* Takes 1 to n consecutive batches in one atomic step, the oldest ones, of which at most 256. Never waits.
   Returns: how many are in batches[0] and following, their references the caller's; the others are as they
   were. 0 when the queue is empty, or closed and drained: which of the two is in batch_last_error()->code.
   Fewer than n does not mean that it was empty. n may be 0, and batches NULL then: the answer is 0 and no
   error. */
HEADRACE_API size_t batch_queue_dequeue_many(BatchQueue *queue, Batch **batches, size_t n);

/* As batch_queue_dequeue_many, waiting while there is none: it does not wait for n.
   Returns: 1 to n; 0 when the queue is closed and drained, or n is 0. */
HEADRACE_API size_t batch_queue_dequeue_many_wait(BatchQueue *queue, Batch **batches, size_t n);

/* As batch_queue_dequeue_many, waiting while there is none until `deadline`.
   Returns: BATCH_OK and *taken, 1 to n (n 0: 0, at once); else *taken is 0 and the answer as that of
   batch_queue_dequeue_until. taken is not NULL. */
HEADRACE_API batch_status batch_queue_dequeue_many_until(BatchQueue *queue, Batch **batches, size_t n,
                                                         uint64_t deadline, size_t *taken);

/* Looks at the oldest batch without taking it.
   Returns: the batch with a reference of its own that the caller releases; NULL when empty. Aborts on a
   batch inside that was released once too often, or whose count would overflow. */
HEADRACE_API Batch *batch_queue_peek(BatchQueue *queue);

/* Returns the capacity that the queue was made with; 0: it is unlimited. It never changes. */
HEADRACE_API uint32_t batch_queue_capacity(const BatchQueue *queue);

/* Returns how many batches are inside: exact when nothing else runs, else a value between 0 and
   the capacity that was right or nearly so at some instant of the call. */
HEADRACE_API uint32_t batch_queue_size(const BatchQueue *queue);

/* Returns whether nothing, or capacity batches, were inside at some instant of the call: linearizable. */
HEADRACE_API bool batch_queue_is_empty(const BatchQueue *queue);
HEADRACE_API bool batch_queue_is_full(const BatchQueue *queue); /* never, for capacity 0 */

/* Closes the queue: no enqueue succeeds after, what is inside can still be taken, and everyone
   who waits is woken. Closing twice is fine. */
HEADRACE_API void batch_queue_close(BatchQueue *queue);

/* Returns true once the queue has been closed, drained or not. */
HEADRACE_API bool batch_queue_is_closed(const BatchQueue *queue);

/* The two sides of a queue on which somebody may wait. */
typedef enum batch_queue_side {
  BATCH_QUEUE_DEQUEUE, /* until there is a batch */
  BATCH_QUEUE_ENQUEUE  /* until there is room */
} batch_queue_side;

/* Gives a descriptor for poll, epoll, io_uring and event loops: readable once what batch_queue_arm armed it
   for has come. It is made at the first call, an eventfd (EFD_CLOEXEC | EFD_NONBLOCK), the same one for
   every caller, and belongs to the queue: only poll it; do not read, write or close it. batch_queue_free
   closes it: take it out of an epoll set before. In a forked child the inherited number is the parent's:
   ask again there.
   Returns: the descriptor; -1 without descriptors (BATCH_ERROR_IO), without memory, or on a side that there
   is not. */
HEADRACE_API int batch_queue_fd(BatchQueue *queue, batch_queue_side side);

/* Arms the descriptor of a side, and makes it if it is not there yet: it is not readable until there may be
   something for a try_dequeue (or try_enqueue), or the queue is closed. Then it is, and stays so until it
   is armed again, which whoever polls does after the tries have found nothing. Spurious readiness happens;
   none is lost. Arming twice is fine; so are several threads that poll one descriptor, each of which arms
   it. Nothing must be undone by who stops polling: sleeping threads are woken all the same.
   Returns: BATCH_OK: wait for the descriptor. BATCH_READY: there is a batch (or room); BATCH_CLOSED:
   closed, and for the dequeuing side drained; with these two it is readable at once, and there is nothing
   to wait for. Or it could not be armed: BATCH_ERROR_IO, BATCH_ERROR_OUT_OF_MEMORY,
   BATCH_ERROR_INVALID_ARGUMENT..
   Progress: lock-free; one system call, two when it is readable at once, and one to make it. */
HEADRACE_API batch_status batch_queue_arm(BatchQueue *queue, batch_queue_side side);

/* Takes out and releases as many batches as were inside when the call began, the oldest first;
   others may go on enqueueing and dequeueing meanwhile. */
HEADRACE_API void batch_queue_clear(BatchQueue *queue);

#ifdef __cplusplus
}
#endif
#endif
