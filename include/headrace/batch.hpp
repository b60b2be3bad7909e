/* A counted reference to a batch. See batch.h and distribute.h.

   Usage:
       headrace::batch batch(32, 1024, 50257);
       for (headrace::batch &part : batch.split(4))
         if (!queue.enqueue(std::move(part))) break;
       headrace::elements<float> ids = batch.input<float>();
       batch->batch_id = 7; // the fields of Batch

   Copying one adds a reference (batch_retain, one atomic addition), moving one does not, the end of its life drops it
   (batch_release): several handles may show one batch, as std::shared_ptr. copy() copies the elements.

   Threads: handles of one batch may be copied and dropped in any threads. Elements and metadata have no lock. */
#ifndef HEADRACE_BATCH_HPP
#define HEADRACE_BATCH_HPP

#include "batch.h"
#include "distribute.h"
#include "tensor.hpp"

#include <cstddef>
#include <iterator>
#include <vector>

namespace headrace {

class batch : public detail::handle<batch, Batch, batch_release> {
public:
  batch() noexcept = default;
  batch(uint32_t batch_size, uint32_t sequence_length, uint32_t vocab_size = 0)
      : handle(detail::check(batch_create(batch_size, sequence_length, vocab_size))) {}
  explicit batch(const batch_shape &shape) : handle(detail::check(batch_create_with(&shape))) {}

  batch(batch &&) noexcept = default;
  batch &operator=(batch &&) noexcept = default;
  batch(const batch &other) noexcept : handle(retained(other.get())) {}
  batch &operator=(const batch &other) noexcept { return *this = batch(other); }
  ~batch() = default;

  /* A reference of its own to a batch that another one keeps alive; adopt takes over that of the caller. */
  static batch retain(Batch *shared) noexcept { return adopt(retained(shared)); }

  Batch *operator->() const noexcept { return get(); }
  Batch &operator*() const noexcept { return *get(); }

  /* The elements; throws when they are of another type, and those of a tensor that was not asked for. The batch must live as
     long: it is not a temporary. */
  template <typename T> elements<T> input() const & { return view<T>(object("batch::input").input); }
  template <typename T> elements<T> target() const & { return view<T>(object("batch::target").target); }
  template <typename T> elements<T> mask() const & { return view<T>(object("batch::mask").mask); }
  elements<int32_t> documents() const & { return view<int32_t>(object("batch::documents").documents); }
  elements<int32_t> positions() const & { return view<int32_t>(object("batch::positions").positions); }
  /* num_sequences + 1 of them: the starts, and the end of the last. */
  elements<int32_t> cu_seqlens() const & {
    elements<int32_t> all = view<int32_t>(object("batch::cu_seqlens").cu_seqlens);
    size_t used = size_t(get()->num_sequences) + 1;
    return elements<int32_t>(all.data(), used < all.size() ? used : all.size(), 1);
  }
  template <typename T> elements<T> input() const && = delete;
  template <typename T> elements<T> target() const && = delete;
  template <typename T> elements<T> mask() const && = delete;
  elements<int32_t> documents() const && = delete;
  elements<int32_t> positions() const && = delete;
  elements<int32_t> cu_seqlens() const && = delete;

  /* batch_block: all elements of a batch of a pool, for one copy; throws for a view, and for a batch of none. */
  elements<unsigned char> block() const & {
    size_t bytes = 0;
    void *start = batch_block(get(), &bytes);
    detail::check(start != nullptr);
    return elements<unsigned char>(static_cast<unsigned char *>(start), bytes, bytes);
  }
  elements<unsigned char> block() const && = delete;

  /* batch_copy: a deep copy. */
  batch copy() const { return adopt(detail::check(batch_copy(get()))); }
  std::vector<batch> split(uint32_t n) const { return parts(n, batch_split); }
  std::vector<batch> distribute_to_spheres(uint32_t num_spheres) const {
    return parts(num_spheres, batch_distribute_to_spheres);
  }
  static batch merge(const std::vector<batch> &batches) {
    std::vector<Batch *> raw = pointers(batches);
    return adopt(detail::check(batch_merge(raw.data(), static_cast<uint32_t>(raw.size()))));
  }

  void assign_to_group(uint32_t symmetry_group) {
    detail::check(batch_assign_to_group(get(), symmetry_group));
  }
  uint32_t symmetry_group() const { return batch_symmetry_group(get()); }
  /* The sphere of each. */
  static std::vector<uint32_t> balance_distribution(const std::vector<batch> &batches, uint32_t num_spheres) {
    std::vector<Batch *> raw = pointers(batches);
    std::vector<uint32_t> spheres(raw.size());
    detail::check(batch_balance_distribution(raw.data(), static_cast<uint32_t>(raw.size()), num_spheres,
                                             spheres.data()));
    return spheres;
  }

  /* Throw an error that names the first fault. */
  void validate() const { detail::check(batch_validate(get())); }
  void validate_strict() const { detail::check(batch_validate_strict(get())); }
  void print() const { batch_print(get()); }
  static size_t count_live() noexcept { return batch_count_live(); }

private:
  static Batch *retained(Batch *shared) noexcept {
    if (shared) batch_retain(shared);
    return shared;
  }
  static std::vector<Batch *> pointers(const std::vector<batch> &batches) {
    std::vector<Batch *> raw;
    raw.reserve(batches.size());
    for (const batch &each : batches) raw.push_back(each.get());
    return raw;
  }
  std::vector<batch> parts(uint32_t n, bool (*cut)(const Batch *, uint32_t, Batch **)) const {
    uint32_t room = get() && n <= get()->batch_size ? n : 0; /* else it is refused, and nothing is written */
    std::vector<Batch *> raw(room + size_t(1));
    std::vector<batch> made;
    made.reserve(room);
    detail::check(cut(get(), n, raw.data()));
    for (uint32_t i = 0; i < n; i++) made.push_back(adopt(raw[i]));
    return made;
  }
};

static_assert(sizeof(batch) == sizeof(Batch *), "a handle is a pointer");

namespace detail {

/* A handle to a batch that a callback is lent: the reference stays the lender's. */
struct borrowed {
  explicit borrowed(Batch *raw) noexcept : handle(batch::adopt(raw)) {}
  borrowed(const borrowed &) = delete;
  borrowed &operator=(const borrowed &) = delete;
  ~borrowed() { (void)handle.detach(); }
  batch handle;
};

/* Batches taken from a source until source.take() gives none: what begin() of a queue and of a loader is. One goes before the
   next is asked for, so that a pool of one batch is enough. */
template <typename Source> class taken {
public:
  using iterator_category = std::input_iterator_tag;
  using value_type = batch;
  using difference_type = std::ptrdiff_t;
  using pointer = batch *;
  using reference = batch &;

  taken() noexcept : source_(nullptr) {}
  explicit taken(Source &source) : source_(&source), current_(source.take()) {}

  batch &operator*() const noexcept { return current_; }
  batch *operator->() const noexcept { return &current_; }
  taken &operator++() {
    current_.reset();
    current_ = source_->take();
    return *this;
  }
  void operator++(int) { ++*this; }

  friend bool operator==(const taken &a, const taken &b) noexcept {
    return a.current_.get() == b.current_.get();
  }
  friend bool operator!=(const taken &a, const taken &b) noexcept { return !(a == b); }

private:
  Source *source_;
  mutable batch current_;
};

} // namespace detail
} // namespace headrace

#endif
