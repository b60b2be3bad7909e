#include "sync/ring_list.h"

#include "support/check.h"
#include "support/watchdog.h"

TestSuite(sync_ring_list, .init = watchdog_on);

enum {
  TWO_RINGS = RING_LIST_FIRST + RING_LIST_CAPACITY,
  THREE_RINGS = TWO_RINGS + RING_LIST_CAPACITY,
  SEVERAL_RINGS = THREE_RINGS + 100
};

static group_store groups = GROUP_STORE_INIT;

static void push_from(ring_list *list, uint32_t first, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) cr_assert_eq(ring_list_push(list, first + i), RING_OK);
}

static void pop_from(ring_list *list, uint32_t first, uint32_t n) {
  uint32_t handle, taken;
  for (uint32_t i = 0; i < n; i++) {
    cr_assert_eq(ring_list_pop_many(list, &handle, 1, &taken), RING_OK);
    cr_assert_eq(taken, 1);
    cr_assert_eq(handle, first + i);
  }
}

static void assert_nothing(ring_list *list, ring_status status) {
  uint32_t handle, taken = 99;
  cr_assert_eq(ring_list_pop_many(list, &handle, 1, &taken), status);
  cr_assert_eq(taken, 0);
}

Test(sync_ring_list, handles_come_in_order_over_many_rings) {
  ring_list list;
  cr_assert_eq(ring_list_init(&list, &groups), 0);
  assert_nothing(&list, RING_EMPTY);
  for (int round = 0; round < 3; round++) {
    push_from(&list, 1, SEVERAL_RINGS);
    cr_assert_eq(ring_list_size(&list), SEVERAL_RINGS);
    pop_from(&list, 1, SEVERAL_RINGS);
    assert_nothing(&list, RING_EMPTY);
    cr_assert_eq(ring_list_size(&list), 0);
  }
  ring_list_destroy(&list);
}

Test(sync_ring_list, size_is_right_at_the_joints) {
  ring_list list;
  cr_assert_eq(ring_list_init(&list, &groups), 0);
  for (uint32_t n = 1; n <= THREE_RINGS + 3; n++) {
    push_from(&list, n, 1);
    cr_assert_eq(ring_list_size(&list), n);
  }
  for (uint32_t n = THREE_RINGS + 3; n > 0; n--) {
    cr_assert_eq(ring_list_size(&list), n);
    pop_from(&list, THREE_RINGS + 4 - n, 1);
  }
  ring_list_destroy(&list);
}

Test(sync_ring_list, it_closes_at_the_joints) {
  static const uint32_t fills[] = {0,
                                   1,
                                   RING_LIST_FIRST - 1,
                                   RING_LIST_FIRST,
                                   RING_LIST_FIRST + 1,
                                   TWO_RINGS - 1,
                                   TWO_RINGS,
                                   TWO_RINGS + 1,
                                   THREE_RINGS,
                                   THREE_RINGS + 1};
  for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
    ring_list list;
    cr_assert_eq(ring_list_init(&list, &groups), 0);
    push_from(&list, 1, fills[i]);
    cr_assert_not(ring_list_is_closed(&list));
    ring_list_close(&list);
    ring_list_close(&list);
    cr_assert(ring_list_is_closed(&list));
    cr_assert_eq(ring_list_push(&list, 7), RING_CLOSED);
    cr_assert_eq(ring_list_size(&list), fills[i]);
    pop_from(&list, 1, fills[i]);
    assert_nothing(&list, RING_CLOSED);
    cr_assert_eq(ring_list_push(&list, 7), RING_CLOSED);
    cr_assert(ring_list_is_closed(&list));
    ring_list_destroy(&list);
  }
}

static bool retain(uint32_t handle) {
  return handle > 0;
}
static void drop(uint32_t handle) {
  (void)handle;
}

Test(sync_ring_list, peek_looks_over_the_joint) {
  ring_list list;
  uint32_t handle = 0;
  cr_assert_eq(ring_list_init(&list, &groups), 0);
  cr_assert_eq(ring_list_peek(&list, retain, drop, &handle), RING_EMPTY);
  push_from(&list, 1, TWO_RINGS + 1);
  pop_from(&list, 1, RING_LIST_FIRST);
  cr_assert_eq(ring_list_peek(&list, retain, drop, &handle), RING_OK);
  cr_assert_eq(handle, RING_LIST_FIRST + 1);
  pop_from(&list, RING_LIST_FIRST + 1, RING_LIST_CAPACITY);
  cr_assert_eq(ring_list_peek(&list, retain, drop, &handle), RING_OK);
  cr_assert_eq(handle, TWO_RINGS + 1);
  pop_from(&list, TWO_RINGS + 1, 1);
  ring_list_close(&list);
  cr_assert_eq(ring_list_peek(&list, retain, drop, &handle), RING_CLOSED);
  ring_list_destroy(&list);
}
