/* A first-in first-out queue of batches between threads. See queue.h.

   Usage:
       headrace::queue queue(64);

       // a producer; closed: the batch is still ours
       if (!queue.enqueue(std::move(batch))) return;

       // a consumer, until it is closed and drained
       for (headrace::batch &batch : queue) train(batch);

       // the end: and all threads are joined
       queue.close();

   References: what goes in is moved in: the handle is empty when the queue has taken it, and as it was when not. To
   keep one, enqueue a copy: queue.enqueue(headrace::batch(batch)).

   Threads: all calls, from any number, at the same time; the queue is destroyed last. */
#ifndef HEADRACE_QUEUE_HPP
#define HEADRACE_QUEUE_HPP

#include "batch.hpp"
#include "queue.h"

#include <algorithm>

namespace headrace {

class queue : public detail::handle<queue, BatchQueue, batch_queue_free> {
public:
  using iterator = detail::taken<queue>;

  queue() noexcept = default;
  /* capacity: 0 for no limit */
  explicit queue(uint32_t capacity) : handle(detail::check(batch_queue_create(capacity))) {}

  /* Waits for room. Returns false when the queue is closed. */
  HEADRACE_NODISCARD bool enqueue(batch &&given) {
    if (!batch_queue_enqueue(get(), given.get())) {
      detail::check_outcome(BATCH_CLOSED);
      return false;
    }
    (void)given.detach();
    return true;
  }
  /* BATCH_OK, BATCH_FULL, BATCH_CLOSED, or an error. */
  HEADRACE_NODISCARD batch_status try_enqueue(batch &&given) noexcept {
    return enqueue_until(std::move(given), BATCH_NO_WAIT);
  }
  HEADRACE_NODISCARD batch_status enqueue_until(batch &&given, uint64_t deadline) noexcept {
    batch_status status = batch_queue_enqueue_until(get(), given.get(), deadline);
    if (status == BATCH_OK) (void)given.detach();
    return status;
  }

  /* Waits for a batch. Returns an empty one when the queue is closed and drained. */
  HEADRACE_NODISCARD batch dequeue() {
    batch taken = batch::adopt(batch_queue_dequeue(get()));
    if (!taken) detail::check_outcome(BATCH_CLOSED);
    return taken;
  }
  /* BATCH_OK and a batch, else `taken` empty and BATCH_EMPTY, BATCH_CLOSED or an error. What `taken` had is dropped first. */
  HEADRACE_NODISCARD batch_status try_dequeue(batch &taken) noexcept {
    return dequeue_until(taken, BATCH_NO_WAIT);
  }
  HEADRACE_NODISCARD batch_status dequeue_until(batch &taken, uint64_t deadline) noexcept {
    taken.reset();
    Batch *raw = nullptr;
    batch_status status = batch_queue_dequeue_until(get(), &raw, deadline);
    taken = batch::adopt(raw);
    return status;
  }

  /* given[0] and following, as many as there is room for and 64 at most, in one step. Those that went in are empty afterwards;
     returns how many. */
  HEADRACE_NODISCARD size_t enqueue_many(batch *given, size_t n) noexcept {
    Batch *raw[AT_ONCE];
    n = lend(given, n, raw);
    return given_away(given, batch_queue_enqueue_many(get(), given ? raw : nullptr, n));
  }
  /* BATCH_OK when all n are in. */
  HEADRACE_NODISCARD batch_status enqueue_many_until(batch *given, size_t n, uint64_t deadline,
                                                     size_t &entered) noexcept {
    batch_status status;
    entered = 0;
    do {
      Batch *raw[AT_ONCE];
      size_t some = lend(given + entered, n - entered, raw);
      status = batch_queue_enqueue_many_until(get(), given ? raw : nullptr, some, deadline, &some);
      entered += given_away(given + entered, some);
    } while (status == BATCH_OK && entered < n);
    return status;
  }
  /* Waits until all n are in. Returns n; fewer when the queue is closed meanwhile. */
  HEADRACE_NODISCARD size_t enqueue_many_wait(batch *given, size_t n) {
    size_t entered = 0;
    batch_status status = enqueue_many_until(given, n, BATCH_FOREVER, entered);
    if (status != BATCH_OK && status != BATCH_CLOSED) detail::fail_last();
    return entered;
  }

  /* Several in a step, at most 64, into taken[0] and following, whose own are dropped; the others are as they were. */
  HEADRACE_NODISCARD size_t dequeue_many(batch *taken, size_t n) noexcept {
    size_t count = 0;
    (void)dequeue_many_until(taken, n, BATCH_NO_WAIT, count);
    return count;
  }
  HEADRACE_NODISCARD batch_status dequeue_many_until(batch *taken, size_t n, uint64_t deadline,
                                                     size_t &count) noexcept {
    Batch *raw[AT_ONCE];
    batch_status status = batch_queue_dequeue_many_until(get(), taken ? raw : nullptr,
                                                         (std::min)(n, size_t(AT_ONCE)), deadline, &count);
    for (size_t i = 0; taken && i < count; i++) taken[i] = batch::adopt(raw[i]);
    return status;
  }
  /* Waits while there is none. Returns 0 when the queue is closed and drained. */
  HEADRACE_NODISCARD size_t dequeue_many_wait(batch *taken, size_t n) {
    size_t count = 0;
    batch_status status = dequeue_many_until(taken, n, BATCH_FOREVER, count);
    if (status != BATCH_OK && status != BATCH_CLOSED) detail::fail_last();
    return count;
  }

  /* The oldest one, which stays inside; empty when there is none. */
  batch peek() { return batch::adopt(batch_queue_peek(get())); }
  uint32_t capacity() const { return batch_queue_capacity(get()); }
  uint32_t size() const { return batch_queue_size(get()); }
  bool is_empty() const { return batch_queue_is_empty(get()); }
  bool is_full() const { return batch_queue_is_full(get()); }
  void close() noexcept { batch_queue_close(get()); }
  bool is_closed() const { return batch_queue_is_closed(get()); }
  void clear() { batch_queue_clear(get()); }

  /* For event loops. */
  int fd(batch_queue_side side) {
    int descriptor = batch_queue_fd(get(), side);
    detail::check(descriptor >= 0);
    return descriptor;
  }
  HEADRACE_NODISCARD batch_status arm(batch_queue_side side) noexcept { return batch_queue_arm(get(), side); }

  /* begin takes a batch, ++ drops it and takes the next; several threads may go through one queue. */
  iterator begin() { return iterator(*this); }
  iterator end() noexcept { return iterator(); }

private:
  friend iterator;
  batch take() { return dequeue(); }

  enum : size_t { AT_ONCE = 64 };
  static size_t lend(const batch *given, size_t n, Batch **raw) noexcept {
    n = (std::min)(n, size_t(AT_ONCE));
    for (size_t i = 0; given && i < n; i++) raw[i] = given[i].get();
    return n;
  }
  static size_t given_away(batch *given, size_t n) noexcept {
    for (size_t i = 0; i < n; i++) (void)given[i].detach();
    return n;
  }
};

} // namespace headrace

#endif
