#include "soak/polls.h"

#include <errno.h>
#include <poll.h>

void poll_until_readable(int fd) {
  struct pollfd one = {.fd = fd, .events = POLLIN};
  while (poll(&one, 1, -1) < 0) stress_check(errno == EINTR, "poll answers %d", errno);
  soak_count(SOAK_POLLED, 1);
}

/* Whether to try again: what there is was waited for, or will be found by the next try. False: it could not be armed. */
static bool armed(batch_status status, int fd) {
  if (status == BATCH_ERROR_IO || status == BATCH_ERROR_OUT_OF_MEMORY) return false;
  if (status == BATCH_OK) poll_until_readable(fd);
  return true;
}

batch_status poll_loader(BatchLoader *loader, Batch **batch) {
  int fd = batch_loader_fd(loader);
  batch_status status;
  while ((status = batch_loader_next_until(loader, batch, BATCH_NO_WAIT)) == BATCH_EMPTY)
    if (fd < 0 || !armed(batch_loader_arm(loader), fd))
      return batch_loader_next_until(loader, batch, BATCH_FOREVER);
  return status;
}

batch_status poll_dequeue(BatchQueue *queue, Batch **batch) {
  int fd = batch_queue_fd(queue, BATCH_QUEUE_DEQUEUE);
  batch_status status;
  while ((status = batch_queue_dequeue_until(queue, batch, BATCH_NO_WAIT)) == BATCH_EMPTY)
    if (fd < 0 || !armed(batch_queue_arm(queue, BATCH_QUEUE_DEQUEUE), fd))
      return batch_queue_dequeue_until(queue, batch, BATCH_FOREVER);
  return status;
}

batch_status poll_enqueue(BatchQueue *queue, Batch *batch) {
  int fd = batch_queue_fd(queue, BATCH_QUEUE_ENQUEUE);
  batch_status status;
  while ((status = batch_queue_enqueue_until(queue, batch, BATCH_NO_WAIT)) == BATCH_FULL)
    if (fd < 0 || !armed(batch_queue_arm(queue, BATCH_QUEUE_ENQUEUE), fd))
      return batch_queue_enqueue_until(queue, batch, BATCH_FOREVER);
  return status;
}

batch_status poll_allocate(BatchPool *pool, Batch **batch) {
  int fd = batch_pool_fd(pool);
  batch_status status;
  while ((status = batch_pool_allocate_until(pool, batch, BATCH_NO_WAIT)) == BATCH_EMPTY)
    if (fd < 0 || !armed(batch_pool_arm(pool), fd))
      return batch_pool_allocate_until(pool, batch, BATCH_FOREVER);
  return status;
}
