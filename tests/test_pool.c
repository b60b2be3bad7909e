#include "support/check.h"

#include "support/watchdog.h"

TestSuite(pool, .init = watchdog_on);

enum { MOST = 64 };

static BatchPool *pool_of(uint32_t size) {
  BatchPool *pool = batch_pool_create(size, 2, 3, 10);
  cr_assert_not_null(pool, "%s", batch_last_error()->message);
  return pool;
}

/* Takes batches until the pool refuses; returns how many. */
static uint32_t take_all(BatchPool *pool, Batch **batches) {
  uint32_t n = 0;
  while (n < MOST && (batches[n] = batch_pool_try_allocate(pool))) n++;
  return n;
}

static void release_all(Batch **batches, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) batch_release(batches[i]);
}

/* The pool has so many idle batches. */
static void assert_idle(BatchPool *pool, uint32_t expected) {
  Batch *batches[MOST];
  uint32_t n = take_all(pool, batches);
  release_all(batches, n);
  cr_assert_eq(n, expected, "%u idle instead of %u", n, expected);
}

Test(pool, create_makes_idle_float_batches) {
  BatchPool *pool = pool_of(3);
  cr_assert_eq(batch_pool_size(pool), 3);
  Batch *batch = batch_pool_allocate(pool);
  cr_assert_not_null(batch);
  cr_assert(batch->is_pooled);
  assert_count(batch, 1);
  cr_assert_eq(batch->batch_size, 2);
  cr_assert_eq(batch->sequence_length, 3);
  cr_assert_eq(batch->vocab_size, 10);
  cr_assert_eq(batch->input.dtype, TENSOR_FLOAT32);
  cr_assert_eq(batch->mask.shape[1], 3);
  cr_assert_eq(batch->total_memory, 6u * 12);
  cr_assert_eq((uintptr_t)batch->input.raw % 64, 0);
  tensor_fill(&batch->input, 1);
  tensor_fill(&batch->target, 2);
  tensor_fill(&batch->mask, 1);
  cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(pool, create_refuses_bad_sizes) {
  assert_refused(!batch_pool_create(0, 1, 1, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create",
                 "pool_size", "0");
  assert_refused(!batch_pool_create(7, 0, 1, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create",
                 "batch_size", "0");
  assert_refused(!batch_pool_create(7, 1, 0, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create",
                 "sequence_length", "0");
}

Test(pool, create_refuses_sizes_that_overflow) {
  assert_refused(!batch_pool_create(2, UINT32_MAX, UINT32_MAX, 1), BATCH_ERROR_OVERFLOW, "batch_pool_create");
  assert_refused(!batch_pool_create(2, 1u << 31, 1u << 31, 1), BATCH_ERROR_OVERFLOW, "batch_pool_create");
}

Test(pool, create_answers_out_of_memory_when_there_is_not_enough) {
  bool narrow = SIZE_MAX == UINT32_MAX; /* twice 12 PiB, or just below 2 GiB */
  assert_refused(!batch_pool_create(2, narrow ? 170 : 1u << 30, narrow ? 1000000 : 1u << 20, 1),
                 BATCH_ERROR_OUT_OF_MEMORY, "batch_pool_create");
}

/* A pool of more batches than there are handles is refused before any of them is made. */
Test(pool, create_refuses_more_batches_than_there_can_be) {
  static const uint32_t sizes[] = {UINT32_MAX, 1u << 24, BATCH_MAX_LIVE + 1};
  size_t live = batch_count_live();
  for (int i = 0; i < 3; i++) {
    char size[16];
    snprintf(size, sizeof size, "%u", sizes[i]);
    assert_refused(!batch_pool_create(sizes[i], 1, 1, 1), BATCH_ERROR_OVERFLOW, "batch_pool_create", size,
                   "BATCH_MAX_LIVE", "16777214");
  }
  cr_assert_eq(batch_count_live(), live);
}

Test(pool, free_takes_null) {
  batch_pool_free(NULL);
}

Test(pool, a_pool_of_n_hands_out_exactly_n_different_batches) {
  static const uint32_t sizes[] = {1, 2, 3, 17, 64};
  for (int s = 0; s < 5; s++) {
    BatchPool *pool = pool_of(sizes[s]);
    Batch *batches[MOST];
    for (uint32_t i = 0; i < sizes[s]; i++) {
      batches[i] = batch_pool_allocate(pool);
      for (uint32_t k = 0; k < i; k++) {
        cr_assert_neq(batches[i], batches[k]);
        cr_assert_neq(batches[i]->input.data, batches[k]->input.data);
      }
    }
    assert_refused(!batch_pool_try_allocate(pool), BATCH_EMPTY, "batch_pool_try_allocate");
    release_all(batches, sizes[s]);
    assert_idle(pool, sizes[s]);
    batch_pool_free(pool);
  }
}

Test(pool, elements_of_different_batches_do_not_overlap) {
  BatchPool *pool = pool_of(5);
  Batch *batches[5];
  for (int i = 0; i < 5; i++) {
    batches[i] = batch_pool_allocate(pool);
    tensor_fill(&batches[i]->input, (float)i);
    tensor_fill(&batches[i]->target, (float)i + 10);
    tensor_fill(&batches[i]->mask, (float)i + 20);
  }
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 6; k++) {
      cr_assert_eq(batches[i]->input.data[k], (float)i);
      cr_assert_eq(batches[i]->target.data[k], (float)i + 10);
      cr_assert_eq(batches[i]->mask.data[k], (float)i + 20);
    }
  release_all(batches, 5);
  batch_pool_free(pool);
}

Test(pool, the_batch_released_last_is_handed_out_next) {
  BatchPool *pool = pool_of(4);
  Batch *a = batch_pool_allocate(pool), *b = batch_pool_allocate(pool);
  batch_release(a);
  batch_release(b);
  cr_assert_eq(batch_pool_allocate(pool), b);
  cr_assert_eq(batch_pool_allocate(pool), a);
  batch_release(a);
  batch_release(b);
  batch_pool_free(pool);
}

Test(pool, metadata_is_reset_and_elements_are_left) {
  BatchPool *pool = pool_of(1);
  Batch *batch = batch_pool_allocate(pool);
  batch->batch_id = 4711;
  batch->epoch_id = 5;
  batch->is_processed = true;
  batch->processing_time = 1;
  batch->status = BATCH_ERROR_IO;
  batch->is_pooled = false;
  batch->total_memory = 1;
  batch->input.data[4] = 42;
  batch->mask.data[5] = 0;
  batch_release(batch);
  batch = batch_pool_allocate(pool);
  cr_assert_eq(batch->batch_id, 0);
  cr_assert_eq(batch->epoch_id, 0);
  cr_assert_not(batch->is_processed);
  cr_assert_eq(batch->processing_time, 0.0);
  cr_assert_eq(batch->status, BATCH_OK);
  cr_assert(batch->is_pooled);
  cr_assert_eq(batch->total_memory, 3 * batch->input.total_size * sizeof(float));
  cr_assert_eq(batch->input.data[4], 42.0f);
  cr_assert_eq(batch->mask.data[5], 0.0f);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(pool, allocate_until_answers) {
  BatchPool *pool = pool_of(1);
  Batch *batch = NULL, *none = (Batch *)(uintptr_t)64;
  cr_assert_eq(batch_pool_allocate_until(pool, &batch, BATCH_FOREVER), BATCH_OK);
  assert_refused(batch_pool_allocate_until(pool, &none, BATCH_NO_WAIT) == BATCH_EMPTY, BATCH_EMPTY,
                 "batch_pool_allocate_until");
  cr_assert_null(none);
  none = (Batch *)(uintptr_t)64;
  uint64_t deadline = batch_deadline_after(20000000);
  assert_refused(batch_pool_allocate_until(pool, &none, deadline) == BATCH_TIMEDOUT, BATCH_TIMEDOUT,
                 "batch_pool_allocate_until");
  cr_assert_geq(batch_deadline_after(0), deadline);
  cr_assert_null(none);
  cr_assert_eq(batch_pool_allocate_until(pool, &none, 1), BATCH_TIMEDOUT);
  batch_release(batch);
  cr_assert_eq(batch_pool_allocate_until(pool, &batch, 1), BATCH_OK);
  assert_count(batch, 1);
  batch_release(batch);
  batch_pool_free(pool);
}

Test(pool, the_last_reference_puts_a_batch_back_by_whatever_name) {
  void (*const drops[])(Batch *) = {batch_release, batch_free};
  for (int i = 0; i < 2; i++) {
    BatchPool *pool = pool_of(1);
    Batch *batch = batch_pool_allocate(pool);
    batch_retain(batch);
    drops[i](batch);
    assert_idle(pool, 0);
    drops[i](batch);
    assert_idle(pool, 1);
    batch = batch_pool_allocate(pool);
    batch_retain(batch);
    batch_pool_release(pool, batch);
    assert_count(batch, 1);
    assert_idle(pool, 0);
    batch_pool_release(pool, batch);
    assert_idle(pool, 1);
    batch_pool_free(pool);
  }
}

Test(pool, release_refuses_batches_of_others_and_changes_nothing) {
  BatchPool *pool = pool_of(1), *other = pool_of(1);
  Batch *own = batch_pool_allocate(pool), *foreign = batch_pool_allocate(other),
        *homeless = check_small_batch(1);
  assert_refused((batch_pool_release(pool, foreign), true), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_pool_release", "batch");
  assert_refused((batch_pool_release(pool, homeless), true), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_pool_release", "batch");
  assert_refused((batch_pool_release(NULL, own), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_release",
                 "pool", CHECK_NULL);
  assert_count(own, 1);
  assert_count(foreign, 1);
  assert_count(homeless, 1);
  assert_idle(pool, 0);
  assert_idle(other, 0);
  batch_pool_release(pool, own);
  batch_pool_release(other, foreign);
  batch_release(homeless);
  batch_pool_free(pool);
  batch_pool_free(other);
}

/* Whatever says is_pooled may be given to batch_pool_release: in either order the last one puts the batch
   back, and a trainer that goes round a pool of one never waits. */
Test(pool, release_drops_views_and_the_last_reference_puts_their_parent_back) {
  BatchPool *pool = pool_of(1);
  for (int parent_first = 0; parent_first < 2; parent_first++) {
    Batch *batch = batch_pool_try_allocate(pool), *parts[2], *quarters[2];
    cr_assert_not_null(batch, "the batch did not come back");
    cr_assert(batch_split(batch, 2, parts));
    cr_assert(batch_split(parts[0], 1, quarters));
    if (parent_first) batch_pool_release(pool, batch);
    batch_pool_release(pool, parts[0]);
    batch_pool_release(pool, quarters[0]);
    assert_idle(pool, 0);
    if (!parent_first) batch_pool_release(pool, batch);
    assert_idle(pool, 0);
    cr_assert(parts[1]->is_pooled);
    batch_pool_release(pool, parts[1]);
    assert_idle(pool, 1);
  }
  batch_pool_free(pool);
}

Test(pool, release_takes_a_merged_view_and_refuses_views_of_others) {
  BatchPool *pool = pool_of(1), *other = pool_of(1);
  Batch *batch = batch_pool_allocate(pool), *parts[2], *homeless = batch_create(2, 1, 0), *part;
  cr_assert(batch_split(batch, 2, parts));
  cr_assert(batch_split(homeless, 1, &part));
  Batch *merged = batch_merge(parts, 2);
  cr_assert(merged->is_pooled);
  assert_refused((batch_pool_release(other, parts[0]), true), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_pool_release", "batch");
  assert_refused((batch_pool_release(pool, part), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_release",
                 "batch");
  assert_count(parts[0], 1);
  assert_count(part, 1);
  batch_pool_release(pool, merged);
  assert_count(batch, 3);
  batch_pool_release(pool, parts[0]);
  batch_pool_release(pool, parts[1]);
  batch_pool_release(pool, batch);
  assert_idle(pool, 1);
  batch_release(part);
  batch_release(homeless);
  batch_pool_free(pool);
  batch_pool_free(other);
}

Test(pool, release_of_null_is_no_crash) {
  BatchPool *pool = pool_of(1);
  batch_pool_release(pool, NULL);
  assert_idle(pool, 1);
  batch_pool_free(pool);
}

static void release_to_pool_twice(void *context) {
  Batch *batch = batch_pool_allocate(context);
  batch_pool_release(context, batch);
  batch_pool_release(context, batch);
}

static void release_pooled_twice(void *context) {
  Batch *batch = batch_pool_allocate(context);
  batch_release(batch);
  batch_release(batch);
}

static void retain_idle(void *context) {
  Batch *batch = batch_pool_allocate(context);
  batch_release(batch);
  batch_retain(batch);
}

static void release_retired(void *context) {
  Batch *batch = batch_pool_allocate(context);
  batch_pool_resize(context, 0);
  batch_pool_release(context, batch);
  batch_pool_release(context, batch);
}

static void release_idle_to_another_pool(void *context) {
  Batch *batch = batch_pool_allocate(context);
  batch_pool_release(context, batch);
  batch_pool_release(pool_of(1), batch);
}

Test(pool, release_of_an_idle_batch_aborts) {
  BatchPool *pool = pool_of(2);
  assert_aborts(release_to_pool_twice, pool, "batch_pool_release");
  assert_aborts(release_retired, pool, "batch_pool_release", "already free");
  assert_aborts(release_idle_to_another_pool, pool, "batch_pool_release", "already free");
  assert_aborts(release_pooled_twice, pool, "batch_release");
  assert_aborts(retain_idle, pool, "batch_retain");
  batch_pool_free(pool);
}

Test(pool, release_of_an_idle_batch_aborts_the_process, .signal = SIGABRT) {
  release_to_pool_twice(pool_of(1));
}

Test(pool, batches_that_are_out_outlive_their_pool) {
  size_t live = batch_count_live();
  BatchPool *pool = pool_of(4);
  Batch *batches[3], *parts[2];
  for (int i = 0; i < 3; i++) batches[i] = batch_pool_allocate(pool);
  cr_assert(batch_split(batches[0], 2, parts));
  batch_pool_free(pool);
  for (int i = 0; i < 3; i++) {
    tensor_fill(&batches[i]->input, 3);
    cr_assert_eq(batches[i]->input.data[5], 3.0f);
    batch_release(batches[i]);
  }
  cr_assert_eq(parts[1]->input.data[2], 3.0f);
  release_all(parts, 2);
  cr_assert_eq(batch_count_live(), live);
}

/* A trainer that gives its batches back by the pool's own call, late. */
Test(pool, release_works_after_the_pool_was_freed) {
  size_t live = batch_count_live();
  BatchPool *pool = pool_of(3);
  Batch *batch = batch_pool_allocate(pool), *other = batch_pool_allocate(pool), *part;
  cr_assert(batch_split(batch, 1, &part));
  batch_pool_free(pool);
  batch_pool_release(pool, batch);
  batch_pool_release(pool, other);
  cr_assert_eq(batch_count_live(), live + 2);
  batch_pool_release(pool, part);
  cr_assert_eq(batch_count_live(), live);
}

Test(pool, a_closed_pool_hands_out_nothing_though_batches_are_idle) {
  BatchPool *pool = pool_of(3);
  Batch *batch = batch_pool_allocate(pool), *none = (Batch *)(uintptr_t)64;
  batch_pool_close(pool);
  batch_pool_close(pool);
  assert_refused(!batch_pool_allocate(pool), BATCH_CLOSED, "batch_pool_allocate", "closed");
  assert_refused(!batch_pool_try_allocate(pool), BATCH_CLOSED, "batch_pool_try_allocate", "closed");
  assert_refused(batch_pool_allocate_until(pool, &none, 1) == BATCH_CLOSED, BATCH_CLOSED,
                 "batch_pool_allocate_until", "closed");
  cr_assert_null(none);
  cr_assert_eq(batch_pool_outstanding(pool), 1);
  batch_pool_release(pool, batch);
  cr_assert_eq(batch_pool_outstanding(pool), 0);
  assert_refused(!batch_pool_try_allocate(pool), BATCH_CLOSED, "batch_pool_try_allocate");
  assert_refused(!batch_pool_resize(pool, 4), BATCH_CLOSED, "batch_pool_resize", "closed");
  cr_assert_eq(batch_pool_size(pool), 3);
  uint64_t allocations, releases, hits, misses;
  batch_pool_get_stats(pool, &allocations, &releases, &hits, &misses);
  cr_assert_eq(allocations, 1);
  cr_assert_eq(releases, 1);
  cr_assert_eq(misses, 4);
  batch_pool_free(pool);
}

static void free_twice(void *context) {
  batch_pool_free(context);
  batch_pool_free(context);
}

static void free_twice_with_batches_out(void *context) {
  BatchPool *pool = context;
  Batch *batch = batch_pool_allocate(pool);
  batch_pool_free(pool);
  Batch *other = batch_pool_allocate(pool_of(2));
  batch_release(batch);
  batch_pool_free(pool);
  batch_release(other);
}

/* New pools do not come to the address at once. */
static void free_twice_with_new_pools_between(void *context) {
  batch_pool_free(context);
  for (int i = 0; i < 40; i++) {
    BatchPool *pool = pool_of(2);
    cr_assert_neq((void *)pool, context);
    if (i % 2) batch_pool_free(pool);
  }
  batch_pool_free(context);
}

static void allocate_from_freed(void *context) {
  batch_pool_free(context);
  batch_pool_allocate(context);
}
static void try_allocate_from_freed(void *context) {
  batch_pool_free(context);
  batch_pool_try_allocate(context);
}
static void resize_freed(void *context) {
  batch_pool_free(context);
  batch_pool_resize(context, 3);
}
static void close_freed(void *context) {
  batch_pool_free(context);
  batch_pool_close(context);
}
static void ask_freed_for_size(void *context) {
  batch_pool_free(context);
  batch_pool_size(context);
}
static void ask_freed_for_outstanding(void *context) {
  batch_pool_free(context);
  batch_pool_outstanding(context);
}
static void ask_freed_for_stats(void *context) {
  batch_pool_free(context);
  batch_pool_get_stats(context, NULL, NULL, NULL, NULL);
}
static void print_freed(void *context) {
  batch_pool_free(context);
  batch_pool_print_stats(context);
}

Test(pool, calls_on_a_freed_pool_abort) {
  BatchPool *pool = pool_of(2);
  assert_aborts(free_twice, pool, "batch_pool_free", "freed");
  assert_aborts(free_twice_with_batches_out, pool, "batch_pool_free", "freed");
  assert_aborts(free_twice_with_new_pools_between, pool, "batch_pool_free", "freed");
  assert_aborts(allocate_from_freed, pool, "batch_pool_allocate", "freed");
  assert_aborts(try_allocate_from_freed, pool, "batch_pool_try_allocate", "freed");
  assert_aborts(resize_freed, pool, "batch_pool_resize", "freed");
  assert_aborts(close_freed, pool, "batch_pool_close", "freed");
  assert_aborts(ask_freed_for_size, pool, "batch_pool_size", "freed");
  assert_aborts(ask_freed_for_outstanding, pool, "batch_pool_outstanding", "freed");
  assert_aborts(ask_freed_for_stats, pool, "batch_pool_get_stats", "freed");
  assert_aborts(print_freed, pool, "batch_pool_print_stats", "freed");
  batch_pool_free(pool);
}

/* Memory is used again in the end: pools do not pile up. */
Test(pool, pools_come_to_live_where_others_were) {
  BatchPool *first = pool_of(1);
  batch_pool_free(first);
  int made = 0;
  for (BatchPool *pool = NULL; pool != first; made++) {
    pool = pool_of(1);
    batch_pool_free(pool);
    cr_assert_lt(made, 1000);
  }
  cr_assert_gt(made, 60);
}

static void allocate_after_pools_that_cannot_be_made(void *pool) {
  batch_pool_free(pool);
  for (int i = 0; i < 100; i++) batch_pool_create(UINT32_MAX, 1, 1, 0);
  batch_pool_try_allocate(pool);
}

Test(pool, pools_that_cannot_be_made_do_not_make_a_freed_one_forgotten) {
  BatchPool *pool = pool_of(1);
  assert_aborts(allocate_after_pools_that_cannot_be_made, pool, "batch_pool_try_allocate", "freed");
  batch_pool_free(pool);
}

Test(pool, outstanding_counts_what_is_out) {
  size_t live = batch_count_live();
  BatchPool *pool = pool_of(4);
  cr_assert_eq(batch_count_live(), live + 4, "idle batches are alive");
  cr_assert_eq(batch_pool_outstanding(pool), 0);
  Batch *a = batch_pool_allocate(pool), *b = batch_pool_allocate(pool), *part;
  cr_assert_eq(batch_pool_outstanding(pool), 2);
  cr_assert(batch_pool_resize(pool, 1));
  cr_assert_eq(batch_pool_outstanding(pool), 2);
  cr_assert_eq(batch_count_live(), live + 2);
  cr_assert(batch_split(a, 1, &part));
  cr_assert_eq(batch_count_live(), live + 3);
  batch_release(a);
  cr_assert_eq(batch_pool_outstanding(pool), 2, "its view is out");
  batch_release(part);
  cr_assert_eq(batch_pool_outstanding(pool), 1);
  batch_release(b);
  cr_assert_eq(batch_pool_outstanding(pool), 0);
  batch_pool_free(pool);
  cr_assert_eq(batch_count_live(), live);
}

Test(pool, growing_makes_batches_available_at_once) {
  BatchPool *pool = pool_of(2);
  Batch *batches[MOST];
  cr_assert_eq(take_all(pool, batches), 2);
  cr_assert(batch_pool_resize(pool, 7));
  cr_assert_eq(batch_pool_size(pool), 7);
  uint32_t n = take_all(pool, batches + 2);
  cr_assert_eq(n, 5);
  cr_assert(batches[6]->is_pooled);
  cr_assert_eq(batches[6]->sequence_length, 3);
  cr_assert_eq((uintptr_t)batches[6]->input.raw % 64, 0);
  tensor_fill(&batches[6]->input, 1);
  release_all(batches, 7);
  assert_idle(pool, 7);
  batch_pool_free(pool);
}

Test(pool, shrinking_frees_idle_batches_now) {
  BatchPool *pool = pool_of(7);
  cr_assert(batch_pool_resize(pool, 3));
  cr_assert_eq(batch_pool_size(pool), 3);
  assert_idle(pool, 3);
  batch_pool_free(pool);
}

Test(pool, shrinking_retires_batches_that_are_out_as_they_come_back) {
  BatchPool *pool = pool_of(5);
  Batch *batches[MOST];
  cr_assert_eq(take_all(pool, batches), 5);
  cr_assert(batch_pool_resize(pool, 2));
  tensor_fill(&batches[4]->input, 4);
  for (int i = 0; i < 3; i++) {
    batch_release(batches[i]);
    assert_idle(pool, 0);
  }
  batch_release(batches[3]);
  assert_idle(pool, 1);
  batch_release(batches[4]);
  assert_idle(pool, 2);
  batch_pool_free(pool);
}

Test(pool, shrinking_and_growing_again_while_all_are_out) {
  BatchPool *pool = pool_of(4);
  Batch *batches[MOST];
  cr_assert_eq(take_all(pool, batches), 4);
  cr_assert(batch_pool_resize(pool, 1));
  cr_assert(batch_pool_resize(pool, 3));
  assert_idle(pool, 0); /* 4 are out, and the pool has 3 */
  release_all(batches, 4);
  assert_idle(pool, 3);
  batch_pool_free(pool);
}

Test(pool, never_more_batches_are_out_than_the_pool_has) {
  BatchPool *pool = pool_of(4);
  Batch *batches[MOST], *more[MOST];
  cr_assert_eq(take_all(pool, batches), 4);
  cr_assert(batch_pool_resize(pool, 2));
  batch_release(batches[0]);
  cr_assert(batch_pool_resize(pool, 5)); /* 3 are out */
  uint32_t n = take_all(pool, more);
  cr_assert_eq(n, 2);
  release_all(more, n);
  release_all(batches + 1, 3);
  assert_idle(pool, 5);
  batch_pool_free(pool);
}

Test(pool, resize_to_zero_and_back) {
  BatchPool *pool = pool_of(3);
  Batch *batch = batch_pool_allocate(pool);
  cr_assert(batch_pool_resize(pool, 0));
  cr_assert_eq(batch_pool_size(pool), 0);
  assert_idle(pool, 0);
  batch_release(batch);
  assert_idle(pool, 0);
  cr_assert(batch_pool_resize(pool, 2));
  assert_idle(pool, 2);
  cr_assert(batch_pool_resize(pool, 2));
  assert_idle(pool, 2);
  batch_pool_free(pool);
}

Test(pool, resize_refuses_what_cannot_be_and_changes_nothing) {
  BatchPool *pool = pool_of(3);
  assert_refused(!batch_pool_resize(pool, UINT32_MAX), BATCH_ERROR_OVERFLOW, "batch_pool_resize",
                 "4294967292", "BATCH_MAX_LIVE"); /* 3 are there */
  assert_refused(!batch_pool_resize(pool, BATCH_MAX_LIVE + 1), BATCH_ERROR_OVERFLOW, "batch_pool_resize");
  cr_assert_eq(batch_pool_size(pool), 3);
  assert_idle(pool, 3);
  batch_pool_free(pool);
}

Test(pool, freeing_a_shrunken_pool_with_batches_out) {
  BatchPool *pool = pool_of(4);
  Batch *batches[MOST];
  cr_assert_eq(take_all(pool, batches), 4);
  cr_assert(batch_pool_resize(pool, 1));
  batch_release(batches[0]);
  batch_pool_free(pool);
  release_all(batches + 1, 3);
}

Test(pool, calls_refuse_null) {
  BatchPool *pool = pool_of(1);
  Batch *none = (Batch *)(uintptr_t)64;
  assert_refused(!batch_pool_create_with(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_create_with",
                 "options", CHECK_NULL);
  assert_refused(!batch_pool_allocate(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_allocate", "pool",
                 CHECK_NULL);
  assert_refused(!batch_pool_try_allocate(NULL), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_try_allocate",
                 "pool");
  assert_refused(batch_pool_allocate_until(NULL, &none, BATCH_FOREVER) == BATCH_ERROR_INVALID_ARGUMENT,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_allocate_until", "pool");
  cr_assert_null(none);
  assert_refused(batch_pool_allocate_until(pool, NULL, BATCH_FOREVER) == BATCH_ERROR_INVALID_ARGUMENT,
                 BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_allocate_until", "batch");
  assert_refused(!batch_pool_resize(NULL, 1), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_resize", "pool");
  assert_refused((batch_pool_close(NULL), true), BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_close", "pool");
  assert_refused(batch_pool_outstanding(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_outstanding",
                 "pool");
  assert_refused(batch_pool_size(NULL) == 0, BATCH_ERROR_INVALID_ARGUMENT, "batch_pool_size", "pool");
  assert_refused((batch_pool_get_stats(NULL, NULL, NULL, NULL, NULL), true), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_pool_get_stats", "pool");
  assert_idle(pool, 1);
  batch_pool_free(pool);
}
