// The handles of tensor, batch, queue, pool and spheres: who owns what, and what is thrown.
#include "check.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <type_traits>
#include <utility>

#if __cplusplus >= 202002L
#include <span>
#endif

// A handle is a pointer, moves without throwing, and cannot be copied where there is one owner.
template <typename Handle> struct is_pointer_sized {
  static constexpr bool value = sizeof(Handle) == sizeof(void *) && std::is_standard_layout<Handle>::value &&
                                std::is_nothrow_default_constructible<Handle>::value &&
                                std::is_nothrow_move_constructible<Handle>::value &&
                                std::is_nothrow_move_assignable<Handle>::value;
};
template <typename Handle> struct is_unique {
  static constexpr bool value = is_pointer_sized<Handle>::value &&
                                !std::is_copy_constructible<Handle>::value &&
                                !std::is_copy_assignable<Handle>::value;
};
static_assert(is_unique<headrace::tensor>::value, "");
static_assert(is_unique<headrace::queue>::value, "");
static_assert(is_unique<headrace::pool>::value, "");
static_assert(is_unique<headrace::dataset>::value, "");
static_assert(is_unique<headrace::tokenizer>::value, "");
static_assert(is_unique<headrace::decoder>::value, "");
static_assert(is_unique<headrace::writer>::value, "");
static_assert(is_unique<headrace::loader>::value, "");
static_assert(sizeof(headrace::spheres) == sizeof(void *) &&
                  !std::is_copy_constructible<headrace::spheres>::value,
              "");
static_assert(is_pointer_sized<headrace::batch>::value &&
                  std::is_nothrow_copy_constructible<headrace::batch>::value,
              "");
static_assert(!is_unique<headrace::batch>::value, "a control: batches can be copied");
static_assert(std::is_trivially_copyable<headrace::elements<float>>::value, "");
static_assert(noexcept(std::declval<headrace::queue &>().try_enqueue(headrace::batch())), "");
static_assert(!noexcept(std::declval<headrace::queue &>().dequeue()), "");

using headrace::batch;

static int count(const batch &b) {
  return b->ref_count.load();
}

static void a_copy_counts_and_a_move_does_not() {
  batch first(2, 3);
  CHECK(count(first) == 1);
  batch second = first;
  CHECK(count(first) == 2 && second.get() == first.get());
  batch third = std::move(second);
  CHECK(count(first) == 2 && !second);
  first = third;
  CHECK(count(first) == 2);
  batch &same = first;
  first = same;
  first = std::move(same);
  CHECK(first && count(first) == 2);
  third.reset();
  CHECK(count(first) == 1 && !third);
  batch deep = first.copy();
  CHECK(deep.get() != first.get() && count(first) == 1);
  Batch *raw = first.detach();
  CHECK(!first);
  batch shared = batch::retain(raw);
  CHECK(count(shared) == 2);
  CHECK(count(batch::adopt(raw)) == 2);
  CHECK(count(shared) == 1);
}

static void views_keep_the_elements_and_merge_again() {
  std::vector<batch> parts;
  {
    batch whole(7, 3);
    std::fill(whole.input<float>().begin(), whole.input<float>().end(), 5.0f);
    parts = whole.split(3);
  }
  CHECK(parts.size() == 3 && parts[0]->batch_size == 3 && parts[2]->batch_size == 2);
  CHECK(parts[1].input<float>().at(5) == 5.0f);
  CHECK(batch::merge(parts)->batch_size == 7);
  CHECK(parts[0].distribute_to_spheres(3).size() == 3);
  CHECK(batch::balance_distribution(parts, 2).size() == 3);
  CHECK_THROWS(parts[0].split(4), BATCH_ERROR_INVALID_ARGUMENT, "batch_split");
  CHECK_THROWS(parts[0].split(0), BATCH_ERROR_INVALID_ARGUMENT, "batch_split");
  CHECK_THROWS(batch::merge({}), BATCH_ERROR_INVALID_ARGUMENT, "batch_merge");
  parts[0].assign_to_group(7);
  CHECK(parts[0].symmetry_group() == 7);
  CHECK_THROWS(parts[0].assign_to_group(12), BATCH_ERROR_INVALID_ARGUMENT, "12");
  CHECK_THROWS(batch(0, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_create");
  CHECK_THROWS(batch().copy(), BATCH_ERROR_INVALID_ARGUMENT, "batch_copy");
  batch empty;
  CHECK_THROWS(empty.input<float>(), BATCH_ERROR_INVALID_ARGUMENT,
               "headrace::batch::input: the handle is empty");
  CHECK_THROWS(empty.cu_seqlens(), BATCH_ERROR_INVALID_ARGUMENT, "headrace::batch::cu_seqlens");
}

static void elements_are_a_checked_range() {
  batch_shape shape = {};
  shape.batch_size = 2;
  shape.sequence_length = 3;
  shape.input_type = TENSOR_INT32;
  shape.mask_type = TENSOR_UINT8;
  shape.max_sequences = 4;
  batch made(shape);
  headrace::elements<int32_t> ids = made.input<int32_t>();
  CHECK(ids.size() == 6 && ids.rows() == 2 && ids.width() == 3 && ids.row(1).data() == ids.data() + 3);
  int32_t next = 0;
  for (int32_t &id : ids) id = next++;
  headrace::elements<const int32_t> read = ids;
  CHECK(read[5] == 5 && std::count(read.begin(), read.end(), 4) == 1);
  CHECK(made.mask<uint8_t>()[0] == 1 && made.cu_seqlens().size() == 1);
  CHECK_THROWS(ids.at(6), BATCH_ERROR_OUT_OF_RANGE, "index is 6, expected below 6");
  CHECK_THROWS(ids.row(2), BATCH_ERROR_OUT_OF_RANGE, "index is 2, expected below 2");
  CHECK_THROWS(made.input<float>(), BATCH_ERROR_INVALID_ARGUMENT, "elements are int32, expected float32");
  CHECK_THROWS(made.documents(), BATCH_ERROR_INVALID_ARGUMENT, "ndim 0");
  Tensor wrong = made->input;
  wrong.total_size = 7;
  CHECK_THROWS(headrace::view<int32_t>(wrong), BATCH_ERROR_INVALID_ARGUMENT, "headrace::view");
  ids[0] = -1;
  made->vocab_size = 6;
  CHECK_THROWS(made.validate(), BATCH_ERROR_OUT_OF_RANGE, "-1");
#if __cplusplus >= 202002L
  std::span<int32_t> span = ids;
  CHECK(span.size() == 6 && span.data() == ids.data());
  std::span<int32_t> of_a_temporary = made.input<int32_t>();
  CHECK(of_a_temporary.data() == ids.data());
#endif
}

static void tensors_are_made_viewed_and_reshaped() {
  headrace::tensor t({3, 4}, TENSOR_INT32);
  t.set({1, 2}, 7);
  CHECK(t.at({1, 2}) == 7 && t.elements<int32_t>().row(1)[2] == 7);
  headrace::tensor row = t.view_rows(1, 1), deep = t.copy();
  row.fill(1);
  CHECK(t.at({1, 2}) == 1 && deep.at({1, 2}) == 7 && !row->owns_data);
  t.reshape({12});
  CHECK(t->ndim == 1);
  CHECK_THROWS(t.reshape({5}), BATCH_ERROR_INVALID_ARGUMENT, "tensor_reshape");
  CHECK_THROWS(t.at({12}), BATCH_ERROR_OUT_OF_RANGE, "12");
  CHECK_THROWS(t.at({1, 1}), BATCH_ERROR_INVALID_ARGUMENT, "2 indices, expected 1");
  CHECK_THROWS(headrace::tensor({0}), BATCH_ERROR_INVALID_ARGUMENT, "tensor_create");
  headrace::tensor empty;
  CHECK_THROWS(empty.elements<float>(), BATCH_ERROR_INVALID_ARGUMENT, "headrace::tensor::elements");
}

static void a_queue_takes_what_goes_in_and_leaves_what_does_not() {
  headrace::queue queue(1);
  batch first(1, 1), second(1, 1);
  batch kept = first;
  CHECK(queue.enqueue(std::move(first)) && !first && count(kept) == 2);
  CHECK(queue.try_enqueue(std::move(second)) == BATCH_FULL && second);
  uint64_t soon = headrace::deadline_after(std::chrono::milliseconds(1));
  CHECK(queue.enqueue_until(std::move(second), soon) == BATCH_TIMEDOUT && second);
  CHECK(queue.peek().get() == kept.get() && queue.size() == 1 && queue.is_full() && queue.capacity() == 1);
  batch out(1, 1);
  CHECK(queue.try_dequeue(out) == BATCH_OK && out.get() == kept.get() && queue.is_empty());
  CHECK(queue.try_dequeue(out) == BATCH_EMPTY && !out);
  CHECK(queue.arm(BATCH_QUEUE_DEQUEUE) == BATCH_OK && queue.fd(BATCH_QUEUE_DEQUEUE) >= 0);
  CHECK(queue.enqueue(std::move(second)));
  queue.close();
  CHECK(queue.is_closed() && !queue.enqueue(std::move(kept)) && kept);
  CHECK(queue.dequeue() && !queue.dequeue());
  CHECK(queue.dequeue_until(out, BATCH_FOREVER) == BATCH_CLOSED);
  CHECK_THROWS(headrace::queue(UINT32_MAX), BATCH_ERROR_INVALID_ARGUMENT, "batch_queue_create");
  CHECK_THROWS(headrace::queue().dequeue(), BATCH_ERROR_INVALID_ARGUMENT, "NULL");
  CHECK_THROWS(headrace::queue(4).enqueue(batch()), BATCH_ERROR_INVALID_ARGUMENT, "NULL");
}

static void several_go_in_and_out_in_a_step() {
  headrace::queue queue(100);
  std::vector<batch> given, taken(200);
  for (uint64_t i = 0; i < 150; i++) {
    given.emplace_back(1, 1);
    given.back()->batch_id = i;
  }
  size_t first = queue.enqueue_many(given.data(), given.size());
  CHECK(first > 0 && first <= 64 && !given[first - 1] && given[first]);
  size_t entered = 0;
  CHECK(queue.enqueue_many_until(&given[first], 150 - first, BATCH_NO_WAIT, entered) == BATCH_FULL);
  CHECK(first + entered == 100 && queue.is_full() && !given[99] && given[100]);
  size_t left = queue.dequeue_many(taken.data(), 200);
  CHECK(left > 0 && left <= 64 && taken[left - 1]->batch_id == left - 1 && !taken[left]);
  queue.close();
  while (size_t more = queue.dequeue_many_wait(&taken[left], 200 - left)) left += more;
  CHECK(left == 100 && taken[99]->batch_id == 99);
  CHECK(queue.enqueue_many_wait(&given[100], 50) == 0 && given[100]);
  CHECK(queue.enqueue_many(nullptr, 3) == 0 && queue.dequeue_many(nullptr, 3) == 0);
  CHECK_THROWS(queue.dequeue_many_wait(nullptr, 3), BATCH_ERROR_INVALID_ARGUMENT, "batches is NULL, n is 3");
  CHECK_THROWS(queue.enqueue_many_wait(nullptr, 3), BATCH_ERROR_INVALID_ARGUMENT, "batches is NULL, n is 3");
  CHECK(headrace::queue().enqueue_many_until(nullptr, 0, BATCH_NO_WAIT, entered) ==
        BATCH_ERROR_INVALID_ARGUMENT);
}

static void a_loop_over_a_queue_ends_when_it_is_closed() {
  headrace::queue queue(2);
  std::thread producer([&queue] {
    for (uint64_t i = 0; i < 1000; i++) {
      batch made(1, 1);
      made->batch_id = i;
      if (!queue.enqueue(std::move(made))) break;
    }
    queue.close();
  });
  uint64_t expected = 0;
  batch kept;
  for (batch &b : queue) {
    CHECK(b->batch_id == expected && count(b) == 1);
    if (expected++ == 500) kept = std::move(b);
  }
  producer.join();
  CHECK(expected == 1000 && kept->batch_id == 500 && count(kept) == 1);
}

static void batches_come_back_to_their_pool() {
  headrace::pool pool(2, 1, 1);
  batch first = pool.allocate(), second;
  CHECK(pool.try_allocate(second) == BATCH_OK && pool.outstanding() == 2);
  CHECK(pool.try_allocate(second) == BATCH_OK); // its own goes back first
  batch third;
  CHECK(pool.try_allocate(third) == BATCH_EMPTY && !third && pool.arm() == BATCH_OK && pool.fd() >= 0);
  pool.release(std::move(second));
  batch other(1, 1);
  CHECK_THROWS(pool.release(std::move(other)), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_release");
  CHECK(other && pool.outstanding() == 1);
  CHECK(first.block().data() == first->input.raw && first.block().size() == 3 * 64);
  CHECK_THROWS(other.block(), BATCH_ERROR_INVALID_ARGUMENT, "batch_block");
  CHECK_THROWS(second.block(), BATCH_ERROR_INVALID_ARGUMENT, "batch is NULL");
  pool.resize(3);
  CHECK(pool.size() == 3 && pool.get_stats().allocations == 3 && pool.get_stats().cache_misses == 1);
  pool.close();
  CHECK(!pool.allocate());
  CHECK_THROWS(pool.resize(4), BATCH_CLOSED, "batch_pool_resize");
  pool.reset();
  CHECK(count(first) == 1);
}

// An allocator whose n-th call throws.
class counting final : public headrace::allocator {
public:
  explicit counting(int left) : left_(left) {}
  void *allocate(size_t bytes, size_t alignment) override {
    if (left_-- == 0) throw std::runtime_error("no more");
    held += bytes;
    return ::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  }
  void deallocate(void *memory, size_t bytes) noexcept override {
    held -= bytes;
    std::free(memory);
  }
  std::atomic<size_t> held{0};

private:
  int left_;
};

static void an_allocator_that_throws_is_lack_of_memory() {
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 3;
  options.shape.batch_size = options.shape.sequence_length = 4;
  counting enough(-1), none(0);
  options.allocator = enough.functions();
  {
    headrace::pool pool(options);
    CHECK(enough.held > 0);
  }
  CHECK(enough.held == 0);
  options.allocator = none.functions();
  CHECK_THROWS(headrace::pool(options), BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_create_with");
  CHECK(none.held == 0);
}

static void an_arena_serves_pools_and_is_told_of_its_memory() {
  static size_t attached, detached;
  batch_arena_options told = BATCH_ARENA_OPTIONS_INIT;
  told.chunk_bytes = 4096;
  told.attach = [](void *, void *, size_t bytes) { return attached += bytes, true; };
  told.detach = [](void *, void *, size_t bytes) { detached += bytes; };
  batch_pool_options options = BATCH_POOL_OPTIONS_INIT;
  options.pool_size = 3;
  options.shape.batch_size = options.shape.sequence_length = 16;
  {
    headrace::arena arena(told);
    options.allocator = arena.allocator();
    headrace::pool pool(options);
    CHECK(arena.in_use() == 3 * 3 * 1024 && arena.bytes() == attached && attached == 3 * 4096);
    headrace::arena moved = std::move(arena);
    CHECK_THROWS(arena.allocator(), BATCH_ERROR_INVALID_ARGUMENT, "arena is NULL");
    pool.reset();
    CHECK(moved.in_use() == 0 && detached == 0);
  }
  CHECK(detached == attached);
  told.numa_node = -1;
  CHECK_THROWS(headrace::arena(told), BATCH_ERROR_INVALID_ARGUMENT, "numa_node");
}

static void spheres_process_all_and_hand_on_what_is_thrown() {
  std::atomic<int> processed{0};
  headrace::queue kept(0);
  headrace::spheres spheres(2, [&](uint32_t sphere, const batch &b) {
    processed++;
    if (b->batch_id == 3) throw std::runtime_error("the third");
    if (sphere < 2 && b->batch_id == 4 && !kept.enqueue(batch(b))) processed = -1000;
  });
  std::vector<batch> many;
  for (uint64_t i = 0; i < 10; i++) {
    many.emplace_back(2, 1);
    many.back()->batch_id = i;
  }
  spheres.dispatch(1, std::move(many.back()));
  many.pop_back();
  spheres.dispatch_many({}, many);
  for (const batch &b : many) CHECK(!b);
  std::string thrown;
  try {
    spheres.drain();
  } catch (const std::runtime_error &e) {
    thrown = e.what();
  }
  CHECK(thrown == "the third" && processed == 10 && count(kept.peek()) == 2);
  spheres.drain(); // once only
  spheres.dispatch_split(batch(5, 1));
  CHECK_THROWS(spheres.dispatch(2, batch(1, 1)), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_dispatch");
  CHECK_THROWS(spheres.get_stats(2), BATCH_ERROR_INVALID_ARGUMENT, "batch_spheres_get_stats");
  std::vector<batch> two(2, batch(1, 1));
  CHECK_THROWS(spheres.dispatch_many({0}, two), BATCH_ERROR_INVALID_ARGUMENT, "1 lanes, expected 2");
  CHECK_THROWS(spheres.dispatch_many({0, 9}, two), BATCH_ERROR_INVALID_ARGUMENT,
               "batch_spheres_dispatch_many");
  CHECK(two[0] && two[1]);
  headrace::spheres moved = std::move(spheres);
  moved.stop();
  CHECK(processed == 12 && !moved);
  CHECK_THROWS(headrace::spheres(0, [](uint32_t, const batch &) {}), BATCH_ERROR_INVALID_ARGUMENT,
               "batch_spheres_start");
  CHECK_THROWS(headrace::spheres(1, nullptr), BATCH_ERROR_INVALID_ARGUMENT, "options.process is NULL");
}

static void a_worker_may_dispatch_until_it_is_closed() {
  std::atomic<int> closed{0}, other{0};
  headrace::spheres spheres;
  auto step = [&](uint32_t, const batch &b) {
    try {
      for (;;) spheres.dispatch(BATCH_SPHERES_ANY, batch(b));
    } catch (const headrace::error &e) {
      (e.code() == BATCH_CLOSED ? closed : other)++;
    }
  };
  for (int ending = 0; ending < 3; ending++) {
    spheres = headrace::spheres(1, step, 2);
    spheres.dispatch(0, batch(1, 1));
    if (ending == 0) spheres.stop();
    if (ending == 1) spheres = headrace::spheres();
  }
  spheres.stop();
  CHECK(closed >= 3 && other == 0);
}

static void deadlines_are_of_the_same_clock() {
  uint64_t before = batch_deadline_after(0);
  uint64_t at = headrace::deadline_at(std::chrono::steady_clock::now());
  CHECK(before <= at && at <= batch_deadline_after(0));
  CHECK(headrace::deadline_after(std::chrono::seconds(-1)) <= batch_deadline_after(0));
  CHECK(headrace::deadline_after(std::chrono::hours(1)) > batch_deadline_after(0));
}

int main() {
  RUN(a_copy_counts_and_a_move_does_not);
  RUN(views_keep_the_elements_and_merge_again);
  RUN(elements_are_a_checked_range);
  RUN(tensors_are_made_viewed_and_reshaped);
  RUN(a_queue_takes_what_goes_in_and_leaves_what_does_not);
  RUN(several_go_in_and_out_in_a_step);
  RUN(a_loop_over_a_queue_ends_when_it_is_closed);
  RUN(batches_come_back_to_their_pool);
  RUN(an_allocator_that_throws_is_lack_of_memory);
  RUN(an_arena_serves_pools_and_is_told_of_its_memory);
  RUN(spheres_process_all_and_hand_on_what_is_thrown);
  RUN(a_worker_may_dispatch_until_it_is_closed);
  RUN(deadlines_are_of_the_same_clock);
  return failures > 0;
}
