/* Worker threads with a lane each, and stealing. See spheres.h.

   Usage:
       auto step = [&](uint32_t sphere, const headrace::batch &batch) {
         train(sphere, batch);
       };
       headrace::spheres spheres(4, step);
       for (headrace::batch &batch : loader)
         spheres.dispatch(BATCH_SPHERES_ANY, std::move(batch));
       // processes the rest and joins; throws what a worker threw first
       spheres.stop();

   The function is called from all workers at the same time. It borrows the batch: a copy of the handle keeps it. What it throws is
   kept, the first one only, and the workers go on; drain and stop throw it, once; the end of its life does not.

   Threads: dispatch, drain and get_stats, from any, at the same time; a worker may dispatch, not drain. The end of its life
   processes what is left and joins; it must come last. */
#ifndef HEADRACE_SPHERES_HPP
#define HEADRACE_SPHERES_HPP

#include "batch.hpp"
#include "spheres.h"

#include <exception>
#include <functional>
#include <memory>
#include <mutex>

namespace headrace {

class spheres {
public:
  using function = std::function<void(uint32_t sphere, const batch &batch)>;

  spheres() noexcept = default;
  /* lane_capacity: batches a lane; 0: 64 */
  spheres(uint32_t num_spheres, function process, uint32_t lane_capacity = 0)
      : running_(new running(std::move(process))) {
    batch_spheres_options options = BATCH_SPHERES_OPTIONS_INIT;
    options.num_spheres = num_spheres;
    options.lane_capacity = lane_capacity;
    options.process = running_->step ? running::process : nullptr; /* which is refused */
    options.context = running_.get();
    running_->lanes = detail::check(batch_spheres_start(&options));
  }

  /* The workers may use this handle until they are joined. */
  ~spheres() { join(); }
  spheres(spheres &&) noexcept = default;
  spheres &operator=(spheres &&other) noexcept {
    if (this != &other) {
      join();
      running_ = std::move(other.running_);
    }
    return *this;
  }

  BatchSpheres *get() const noexcept { return running_ ? running_->lanes : nullptr; }
  explicit operator bool() const noexcept { return get() != nullptr; }

  /* Waits while the lane is full. Throws BATCH_CLOSED in a worker when stop, or the end of the handle's life, has begun. */
  void dispatch(uint32_t lane, batch &&given) {
    detail::check(batch_spheres_dispatch(get(), lane, given.get()));
    (void)given.detach();
  }
  /* lanes: one for each batch, or none: all to BATCH_SPHERES_ANY. Those that were handed over are empty afterwards. */
  void dispatch_many(const std::vector<uint32_t> &lanes, std::vector<batch> &batches);
  /* One view a lane. */
  void dispatch_split(batch &&given) {
    detail::check(batch_spheres_dispatch_split(get(), given.get()));
    (void)given.detach();
  }
  /* Waits until everything dispatched so far has been processed, then throws what a worker threw first, if one has. */
  void drain() {
    batch_spheres_drain(get());
    if (running_) running_->rethrow();
  }
  /* Processes what is left, joins, and throws what a worker threw; the handle is empty afterwards. */
  void stop() {
    join();
    std::unique_ptr<running> ended = std::move(running_);
    if (ended) ended->rethrow();
  }
  batch_sphere_stats get_stats(uint32_t sphere) const {
    batch_sphere_stats stats = BATCH_SPHERE_STATS_INIT;
    detail::check(batch_spheres_get_stats(get(), sphere, &stats));
    return stats;
  }

private:
  struct running {
    explicit running(function given) : step(std::move(given)) {}
    running(const running &) = delete;
    running &operator=(const running &) = delete;
    ~running() { stop(); }

    void stop() noexcept {
      batch_spheres_stop(lanes);
      lanes = nullptr;
    }

    static void process(void *context, uint32_t sphere, Batch *raw) {
      running *self = static_cast<running *>(context);
      detail::borrowed lent(raw);
#if HEADRACE_EXCEPTIONS
      try {
        self->step(sphere, lent.handle);
      } catch (...) {
        std::lock_guard<std::mutex> lock(self->mutex);
        if (!self->thrown) self->thrown = std::current_exception();
      }
#else
      self->step(sphere, lent.handle);
#endif
    }

    void rethrow() {
#if HEADRACE_EXCEPTIONS
      std::unique_lock<std::mutex> lock(mutex);
      std::exception_ptr first = std::move(thrown);
      thrown = nullptr;
      lock.unlock();
      if (first) std::rethrow_exception(first);
#endif
    }

    function step;
    std::mutex mutex;          /* of thrown */
    std::exception_ptr thrown; /* the first one that drain has not thrown yet */
    BatchSpheres *lanes = nullptr;
  };

  void join() noexcept {
    if (running_) running_->stop();
  }

  std::unique_ptr<running> running_;
};

inline void spheres::dispatch_many(const std::vector<uint32_t> &lanes, std::vector<batch> &batches) {
  if (!lanes.empty() && lanes.size() != batches.size())
    detail::fail(error(BATCH_ERROR_INVALID_ARGUMENT, "headrace::spheres::dispatch_many: there are " +
                                                         std::to_string(lanes.size()) + " lanes, expected " +
                                                         std::to_string(batches.size()) + " or none"));
  std::vector<Batch *> raw;
  raw.reserve(batches.size());
  for (batch &each : batches) raw.push_back(each.get());
  bool done =
      batch_spheres_dispatch_many(get(), lanes.empty() ? nullptr : lanes.data(), raw.data(), raw.size());
  for (size_t i = 0; i < raw.size(); i++)
    if (!raw[i]) (void)batches[i].detach();
  detail::check(done);
}

} // namespace headrace

#endif
