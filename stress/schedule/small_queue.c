#include "schedule/small_queue.h"

#include <stddef.h>

#include "schedule/descriptors.h"
#include "support/ring_invariants.h"

enum { SMALL_SLOTS = 16 };

static ring the_ring;
static _Atomic uint64_t slots[SMALL_SLOTS];
static group_store groups = GROUP_STORE_INIT;
static event not_empty, not_full;

small_queue_parts small_queue;
uint64_t small_queue_first_turn;

const small_queue_parts small_queue_shipped = {.init = ring_init,
                                               .push = ring_push,
                                               .push_many = ring_push_many,
                                               .pop = ring_pop,
                                               .pop_many = ring_pop_many,
                                               .peek = ring_peek,
                                               .close = ring_close,
                                               .wait = event_wait,
                                               .notify = event_notify,
                                               .notify_all = event_notify_all,
                                               .arm = event_arm};

typedef struct attempt {
  uint32_t handle;
  ring_status status;
} attempt;

static void create(uint32_t capacity) {
  small_queue.init(&the_ring, slots, capacity, small_queue_first_turn, &groups);
  event_init(&not_empty);
  event_init(&not_full);
}

static void destroy(void) {
  port_descriptor_close(&not_empty.descriptor);
  port_descriptor_close(&not_full.descriptor);
}

static answer answer_of(ring_status status, uint64_t deadline) {
  if (status == RING_OK) return ANSWER_DONE;
  if (status == RING_CLOSED) return ANSWER_CLOSED;
  if (deadline != 0) return ANSWER_TIMEDOUT;
  return status == RING_FULL ? ANSWER_FULL : ANSWER_EMPTY;
}

static bool retry_push(void *context) {
  attempt *a = context;
  a->status = small_queue.push(&the_ring, a->handle);
  return a->status != RING_FULL;
}

static bool retry_pop(void *context) {
  attempt *a = context;
  a->status = small_queue.pop(&the_ring, &a->handle);
  return a->status != RING_EMPTY;
}

static bool may_push(void *context) {
  (void)context;
  return ring_is_closed(&the_ring) || !ring_is_full(&the_ring);
}

static bool may_pop(void *context) {
  (void)context;
  return ring_is_closed(&the_ring) || !ring_is_empty(&the_ring);
}

static void wait_or_poll(event *e, event_look *look, event_retry *retry, attempt *a, uint64_t deadline) {
  if (deadline != SUBJECT_POLLING) {
    small_queue.wait(e, retry, a, deadline);
    return;
  }
  int number = port_descriptor(&e->descriptor, "small queue");
  do {
    small_queue.arm(e, look, NULL);
    descriptor_poll(number);
  } while (!retry(a));
}

static answer put(uint32_t item, uint64_t deadline) {
  attempt a = {item + 1, RING_FULL};
  if (!retry_push(&a) && deadline != 0) wait_or_poll(&not_full, may_push, retry_push, &a, deadline);
  if (a.status == RING_OK) small_queue.notify(&not_empty, 1);
  return answer_of(a.status, deadline);
}

static answer take(uint32_t *item, uint64_t deadline) {
  attempt a = {0, RING_EMPTY};
  if (!retry_pop(&a) && deadline != 0) wait_or_poll(&not_empty, may_pop, retry_pop, &a, deadline);
  if (a.status == RING_OK) small_queue.notify(&not_full, 1);
  *item = a.handle - 1;
  return answer_of(a.status, deadline);
}

typedef struct many {
  uint32_t handles[SUBJECT_MANY], k, count;
  ring_status status;
} many;

static bool retry_push_many(void *context) {
  many *m = context;
  uint32_t pushed;
  m->status = small_queue.push_many(&the_ring, m->handles + m->count, m->k - m->count, &pushed);
  m->count += pushed;
  return m->status != RING_FULL;
}

static bool retry_pop_many(void *context) {
  many *m = context;
  m->status = small_queue.pop_many(&the_ring, m->handles, m->k, &m->count);
  return m->status != RING_EMPTY;
}

static answer put_many(const uint32_t *items, uint32_t k, uint64_t deadline, uint32_t *count) {
  many m = {.k = k};
  uint32_t told = 0;
  for (uint32_t i = 0; i < k; i++) m.handles[i] = items[i] + 1;
  for (uint32_t before = 0; before < k; before = m.count) {
    if (!retry_push_many(&m) && deadline != 0) small_queue.wait(&not_full, retry_push_many, &m, deadline);
    if (m.count == before) break;
    if (!small_queue.tells_at_the_end) small_queue.notify(&not_empty, m.count - before), told = m.count;
    if (deadline == 0) break;
  }
  if (m.count > told) small_queue.notify(&not_empty, m.count - told);
  *count = m.count;
  if (m.count == k || (deadline == 0 && m.count > 0)) return ANSWER_DONE;
  return answer_of(m.status, deadline);
}

static answer take_many(uint32_t *items, uint32_t k, uint64_t deadline, uint32_t *count) {
  many m = {.k = k};
  if (!retry_pop_many(&m) && deadline != 0) small_queue.wait(&not_empty, retry_pop_many, &m, deadline);
  if (m.count > 0) small_queue.notify(&not_full, m.count);
  for (uint32_t i = 0; i < m.count; i++) items[i] = m.handles[i] - 1;
  *count = m.count;
  return answer_of(m.status, deadline);
}

static uint32_t size(void) {
  return ring_size(&the_ring);
}

static bool is_empty(void) {
  return ring_is_empty(&the_ring);
}

static bool is_full(void) {
  return ring_is_full(&the_ring);
}

static bool retain_nothing(uint32_t handle) {
  return handle > 0;
}

static void drop_nothing(uint32_t handle) {
  (void)handle;
}

static answer peek(uint32_t *item) {
  uint32_t handle = 0;
  ring_status status = small_queue.peek(&the_ring, retain_nothing, drop_nothing, &handle);
  *item = handle - 1;
  return answer_of(status, 0);
}

static void close_queue(void) {
  small_queue.close(&the_ring);
  small_queue.notify_all(&not_empty);
  small_queue.notify_all(&not_full);
}

static bool nobody_waits(event *e) {
  return (atomic_load_explicit(&e->word, memory_order_seq_cst) & ~EVENT_ARMED) == 0;
}

static bool is_at_rest(void) {
  return nobody_waits(&not_empty) && nobody_waits(&not_full) && !descriptors_told_too_often();
}

static bool item_is_sound(uint32_t item) {
  (void)item;
  return true;
}

static const char *fault_inside(uint32_t kept) {
  const char *fault = ring_invariants(&the_ring);
  inside_groups_begin(&groups);
  inside_groups_of_ring(&the_ring);
  return fault ? fault : inside_groups_fault(kept);
}

static void arrange_groups(group_state state) {
  inside_groups_arrange(&groups, state);
}

void small_queue_forget_groups(void) {
  inside_groups_reset(&groups);
}

const subject subject_small_queue = {.name = "small queue",
                                     .bounded = true,
                                     .create = create,
                                     .destroy = destroy,
                                     .put = put,
                                     .take = take,
                                     .put_many = put_many,
                                     .take_many = take_many,
                                     .size = size,
                                     .is_empty = is_empty,
                                     .is_full = is_full,
                                     .peek = peek,
                                     .close = close_queue,
                                     .item_is_sound = item_is_sound,
                                     .is_at_rest = is_at_rest,
                                     .fault_inside = fault_inside,
                                     .arrange_groups = arrange_groups};
