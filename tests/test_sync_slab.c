#include "sync/slab.h"

#include <stdlib.h>
#include <string.h>

#include "support/failing_memory.h"

#include "support/check.h"
#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(sync_slab, .init = watchdog_on);

typedef struct thing {
  uint64_t value;
  _Atomic uint32_t link;
  atomic_bool taken;
} thing;

static slab things = SLAB_INIT(thing, link);

static thing *thing_of(uint32_t handle) {
  return slab_object(&things, handle);
}

Test(sync_slab, handles_are_never_zero_and_differ_over_many_segments) {
  enum { MANY = 5 * SLAB_SEGMENT_SIZE };
  uint32_t *handles = calloc(MANY, sizeof *handles);
  for (uint32_t i = 0; i < MANY; i++) {
    handles[i] = slab_allocate(&things);
    cr_assert_neq(handles[i], 0);
    cr_assert_leq(handles[i], SLAB_MAX_HANDLE);
    cr_assert_eq(thing_of(handles[i])->value, 0);
    thing_of(handles[i])->value = handles[i];
  }
  for (uint32_t i = 0; i < MANY; i++) cr_assert_eq(thing_of(handles[i])->value, handles[i]);
  for (uint32_t i = 0; i < MANY; i++) slab_free(&things, handles[i]);
  free(handles);
}

Test(sync_slab, a_freed_object_is_handed_out_again_as_it_was_left) {
  uint32_t handle = slab_allocate(&things);
  thing_of(handle)->value = 4711;
  slab_free(&things, handle);
  cr_assert_eq(slab_allocate(&things), handle);
  cr_assert_eq(thing_of(handle)->value, 4711);
  slab_free(&things, handle);
}

Test(sync_slab, objects_stay_where_they_are) {
  uint32_t first = slab_allocate(&things);
  thing *before = thing_of(first);
  for (int i = 0; i < 3000; i++) slab_allocate(&things);
  cr_assert_eq(thing_of(first), before);
}

/* Whoever fails to get a segment gets 0, and the slab goes on when there is memory again. */
Test(sync_slab, without_memory_there_is_no_handle_and_nothing_is_lost) {
  enum { MOST = 4 * SLAB_SEGMENT_SIZE };
  static bool seen[MOST + 2];
  memory_fails_at(1, true);
  uint32_t without = 0;
  while (slab_allocate(&things)) without++;
  for (int i = 0; i < 5; i++) cr_assert_eq(slab_allocate(&things), 0);
  memory_fails_at(0, false);
  uint32_t largest = 0;
  for (uint32_t i = without; i < 2 * SLAB_SEGMENT_SIZE; i++) {
    uint32_t handle = slab_allocate(&things);
    cr_assert(handle > 0 && handle <= MOST && !seen[handle]);
    seen[handle] = true;
    if (handle > largest) largest = handle;
  }
  cr_assert_leq(largest, 2 * SLAB_SEGMENT_SIZE + 1, "handles were lost while memory was short");
}

static void take_and_give(test_thread *self) {
  (void)self;
  watchdog_step("takes and gives handles");
  for (int round = 0; round < 300; round++) {
    uint32_t handles[40];
    for (int i = 0; i < 40; i++) {
      handles[i] = slab_allocate(&things);
      cr_assert_not(atomic_exchange(&thing_of(handles[i])->taken, true), "handed out twice");
    }
    for (int i = 0; i < 40; i++) {
      atomic_store(&thing_of(handles[i])->taken, false);
      slab_free(&things, handles[i]);
    }
  }
}

Test(sync_slab, no_handle_is_handed_out_twice) {
  test_thread threads[4];
  threads_start(threads, 4, "taker", take_and_give, NULL);
  threads_join(threads, 4);
}

static slab few = SLAB_INIT(thing, link);

Test(sync_slab, count_is_what_is_handed_out) {
  cr_assert_eq(slab_count(&few), 0);
  uint32_t a = slab_allocate(&few), b = slab_allocate(&few);
  cr_assert_eq(slab_count(&few), 2);
  slab_free(&few, a);
  cr_assert_eq(slab_count(&few), 1);
  slab_free(&few, b);
  cr_assert_eq(slab_count(&few), 0);
  slab_allocate(&few);
  cr_assert_eq(slab_count(&few), 1);
}

Test(sync_slab, room_is_what_is_left_of_the_handles) {
  uint32_t a = slab_allocate(&few), b = slab_allocate(&few);
  cr_assert(slab_has_room(&few, SLAB_MAX_HANDLE - 2));
  cr_assert_not(slab_has_room(&few, SLAB_MAX_HANDLE - 1));
  slab_free(&few, a);
  slab_free(&few, b);
  cr_assert(slab_has_room(&few, SLAB_MAX_HANDLE));
  atomic_store(&few.used, SLAB_MAX_HANDLE);
  cr_assert(slab_has_room(&few, 2), "the two that were given back");
  cr_assert_not(slab_has_room(&few, 3));
  cr_assert_neq(slab_allocate(&few), 0);
  cr_assert_neq(slab_allocate(&few), 0);
  cr_assert_eq(slab_allocate(&few), 0);
  cr_assert_not(slab_has_room(&few, 1));
}

/* What a leak checker needs to find a block: the address that the system's allocator returned. */
static slab aligned = SLAB_INIT(thing, link);

Test(sync_slab, segments_start_where_their_blocks_do) {
  slab_allocate(&aligned);
  size_t blocks = memory_live();
  free(atomic_load(&aligned.segments[0]));
  cr_assert_eq(memory_live(), blocks - 1);
}
