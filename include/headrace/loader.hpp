/* The loader: worker threads that turn datasets into batches. See loader.h.

   Usage:
       headrace::dataset text("corpus.txt");
       batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
       options.batch_size = 32;
       options.sequence_length = 1024;
       headrace::loader loader(text, options);
       for (headrace::batch &batch : loader)
         train(batch.input<int32_t>(), batch.target<int32_t>());

   The loop ends behind the last batch. When the loader ends for another reason, a fault or since it or its pool was closed,
   the loop throws that (a closed one with BATCH_CLOSED), so that a run that was cut short is not taken for a whole one. A batch
   is dropped before the next one is taken: move or copy the handle to keep it.

   Threads: next, close, state, replay and queries, from any number, at the same time, loops too; the loader is destroyed
   last, and before its datasets and what its options point at. */
#ifndef HEADRACE_LOADER_HPP
#define HEADRACE_LOADER_HPP

#include "dataset.hpp"
#include "loader.h"
#include "pool.hpp"
#include "transform.hpp"

namespace headrace {

class loader : public detail::handle<loader, BatchLoader, batch_loader_free> {
public:
  using iterator = detail::taken<loader>;

  loader() noexcept = default;
  loader(const dataset &data, const batch_loader_options &options)
      : handle(detail::check(batch_loader_create(data.get(), &options))) {}
  loader(const dataset &&, const batch_loader_options &) = delete; /* it must outlive the loader */
  /* Several, with weights: {{a.get(), 3}, {b.get(), 1}}. */
  loader(const std::vector<batch_loader_source> &sources, const batch_loader_options &options)
      : handle(detail::check(batch_loader_create_mixed(sources.data(), sources.size(), &options))) {}

  /* Waits for a batch. Returns an empty one at the end; throws a fault that stops, and BATCH_CLOSED. */
  HEADRACE_NODISCARD batch next() {
    batch taken = batch::adopt(batch_loader_next(get()));
    if (!taken) detail::check_outcome(BATCH_END);
    return taken;
  }
  /* BATCH_OK and a batch, else `taken` empty and the reason. What `taken` had is dropped first. */
  HEADRACE_NODISCARD batch_status next_until(batch &taken, uint64_t deadline) noexcept {
    taken.reset();
    Batch *raw = nullptr;
    batch_status status = batch_loader_next_until(get(), &raw, deadline);
    taken = batch::adopt(raw);
    return status;
  }
  iterator begin() { return iterator(*this); }
  iterator end() noexcept { return iterator(); }

  void close() noexcept { batch_loader_close(get()); }

  /* For event loops. */
  int fd() {
    int descriptor = batch_loader_fd(get());
    detail::check(descriptor >= 0);
    return descriptor;
  }
  HEADRACE_NODISCARD batch_status arm() noexcept { return batch_loader_arm(get()); }

  batch_loader_state get_state() {
    batch_loader_state state = {};
    detail::check(batch_loader_get_state(get(), &state));
    return state;
  }
  batch_loader_state state_at(uint64_t epoch, uint64_t rows) {
    batch_loader_state state = {};
    detail::check(batch_loader_state_at(get(), epoch, rows, &state));
    return state;
  }
  static void state_save(const batch_loader_state &state, const std::string &path) {
    detail::check(batch_loader_state_save(&state, path.c_str()));
  }
  static batch_loader_state state_load(const std::string &path) {
    batch_loader_state state = {};
    detail::check(batch_loader_state_load(&state, path.c_str()));
    return state;
  }

  batch replay(uint64_t epoch, uint64_t step) {
    return batch::adopt(detail::check(batch_loader_replay(get(), epoch, step)));
  }
  batch_loader_stats get_stats() const {
    batch_loader_stats stats = BATCH_LOADER_STATS_INIT;
    detail::check(batch_loader_get_stats(get(), &stats));
    return stats;
  }
  uint64_t epoch_rows() const { return batch_loader_epoch_rows(get()); }
  uint64_t epoch_steps() const { return batch_loader_epoch_steps(get()); }
  /* Of each row of a batch of this loader, or BATCH_NO_PLACE. */
  std::vector<uint64_t> places(const batch &of) const {
    std::vector<uint64_t> rows(of ? of->batch_size : 1);
    detail::check(batch_loader_places(get(), of.get(), rows.data()));
    return rows;
  }

private:
  friend iterator;
  batch take() { return next(); }
};

/* This process's rank and the number of ranks, where a launcher says them. */
inline void launcher_rank(uint32_t &rank, uint32_t &world) {
  detail::check(batch_launcher_rank(&rank, &world));
}

} // namespace headrace

#endif
