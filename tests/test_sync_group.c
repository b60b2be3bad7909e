/* The store of groups: what one thread sees. stress_queue and the proofs show it under threads. */
#include "sync/group.h"

#include <pthread.h>
#include <stdlib.h>

#include "support/check.h"

enum { MANY = 5000 };

static group_store store = GROUP_STORE_INIT;

static void take_all(uint32_t *names, uint32_t count) {
  for (uint32_t i = 0; i < count; i++) {
    names[i] = group_take(&store);
    cr_assert_neq(names[i], 0);
  }
}

static int by_name(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Returns the largest name. */
static uint32_t assert_distinct(uint32_t *names, uint32_t count) {
  qsort(names, count, sizeof *names, by_name);
  for (uint32_t i = 1; i < count; i++) cr_assert_neq(names[i], names[i - 1]);
  return names[count - 1];
}

Test(sync_group, what_is_taken_is_nobody_elses_and_what_is_given_back_is_taken_again) {
  static uint32_t names[MANY];
  srand(4);
  take_all(names, MANY);
  uint32_t largest = assert_distinct(names, MANY);
  for (int round = 0; round < 50; round++) {
    uint32_t out = (uint32_t)rand() % MANY, most = 1 + (uint32_t)rand() % 100;
    for (uint32_t at = out; at < MANY;) {
      uint32_t some = 1 + (uint32_t)rand() % most;
      if (some > MANY - at) some = MANY - at;
      group_give(&store, names + at, some);
      at += some;
    }
    take_all(names + out, MANY - out);
    cr_assert_eq(assert_distinct(names, MANY), largest, "round %d: a group was lost", round);
  }
}

enum { IN_USE = 128, THREADS = 3 * COUNTERS_SHARDS, KEPT = GROUP_CHAIN + IN_USE };

static void *give_all(void *names) {
  group_give(&store, names, IN_USE);
  return NULL;
}

/* Each thread has the next shard: what they keep there is all that the store makes beside what is in use. */
Test(sync_group, what_is_given_back_by_one_thread_after_another_does_not_make_the_store_grow_for_ever) {
  uint32_t names[IN_USE];
  for (int i = 0; i < THREADS; i++) {
    pthread_t thread;
    take_all(names, IN_USE);
    cr_assert_leq(assert_distinct(names, IN_USE), IN_USE + COUNTERS_SHARDS * KEPT);
    cr_assert_eq(pthread_create(&thread, NULL, give_all, names), 0);
    cr_assert_eq(pthread_join(thread, NULL), 0);
  }
}

Test(sync_group, a_group_is_five_lines_and_its_first_handles_lie_beside_its_links) {
  cr_assert_eq(sizeof(group), 320);
  cr_assert_lt(offsetof(group, handles[13]), 64);
  for (uint32_t i = 1; i <= 3; i++) cr_assert_eq((uintptr_t)group_at(&store, group_take(&store)) % 64, 0);
}
