#include "sync/stack.h"

#include "support/check.h"
#include "support/threads.h"
#include "support/watchdog.h"

TestSuite(sync_stack, .init = watchdog_on);

enum { HANDLES = 8 };

static _Atomic uint32_t links[HANDLES + 1];

static _Atomic uint32_t *link_of(const void *owner, uint32_t handle) {
  (void)owner;
  return &links[handle];
}

Test(sync_stack, what_was_pushed_last_is_popped_first) {
  static const uint64_t first_tags[] = {0, STACK_TAG_MASK - 3, STACK_TAG_MASK};
  for (int t = 0; t < 3; t++) {
    stack s = {.head = stack_word(first_tags[t], 0)};
    cr_assert_eq(stack_pop(&s, link_of, NULL), 0);
    for (int round = 0; round < 3; round++) {
      for (uint32_t h = 1; h <= HANDLES; h++) stack_push(&s, link_of, NULL, h);
      for (uint32_t h = HANDLES; h >= 1; h--) cr_assert_eq(stack_pop(&s, link_of, NULL), h);
      cr_assert_eq(stack_pop(&s, link_of, NULL), 0);
    }
  }
}

Test(sync_stack, the_tag_tells_a_head_from_the_same_head_later) {
  stack s = {.head = stack_word(STACK_TAG_MASK, 0)};
  stack_push(&s, link_of, NULL, 1);
  uint64_t before = atomic_load(&s.head);
  cr_assert_eq(stack_pop(&s, link_of, NULL), 1);
  stack_push(&s, link_of, NULL, 1);
  cr_assert_neq(atomic_load(&s.head), before);
  cr_assert_eq(stack_handle(atomic_load(&s.head)), stack_handle(before));
}

Test(sync_stack, elements_are_counted_up_to_as_many_as_are_asked_for) {
  stack s = {0};
  uint32_t count;
  cr_assert(stack_count(&s, link_of, NULL, HANDLES, &count));
  cr_assert_eq(count, 0);
  for (uint32_t h = 1; h <= 5; h++) stack_push(&s, link_of, NULL, h);
  stack_pop(&s, link_of, NULL);
  cr_assert(stack_count(&s, link_of, NULL, HANDLES, &count));
  cr_assert_eq(count, 4);
  cr_assert(stack_count(&s, link_of, NULL, 3, &count));
  cr_assert_eq(count, 3);
  cr_assert_eq(stack_pops(&s), 1);
}

static atomic_bool held[HANDLES + 1];

static void pop_and_push(test_thread *self) {
  watchdog_step("pops and pushes");
  for (int i = 0; i < 50000; i++) {
    uint32_t handle = stack_pop(self->context, link_of, NULL);
    if (!handle) continue;
    cr_assert_not(atomic_exchange(&held[handle], true), "handle %u was given twice", handle);
    atomic_store(&held[handle], false);
    stack_push(self->context, link_of, NULL, handle);
  }
}

Test(sync_stack, no_handle_is_lost_or_given_twice) {
  stack s = {0};
  test_thread threads[4];
  for (uint32_t h = 1; h <= 3; h++) stack_push(&s, link_of, NULL, h);
  threads_start(threads, 4, "popper", pop_and_push, &s);
  threads_join(threads, 4);
  uint32_t seen = 0, handle;
  while ((handle = stack_pop(&s, link_of, NULL))) seen |= 1u << handle;
  cr_assert_eq(seen, 0xe);
}
