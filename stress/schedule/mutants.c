/* Wrong rings and event counts, each wrong in one thing that ring.h or event.h takes care of. */
#include <stddef.h>

#include "schedule/small_queue.h"

static uint64_t look(_Atomic uint64_t *word) {
  return atomic_load_explicit(word, memory_order_seq_cst);
}

static bool swap(_Atomic uint64_t *word, uint64_t *seen, uint64_t wanted) {
  return atomic_compare_exchange_strong_explicit(word, seen, wanted, memory_order_seq_cst,
                                                 memory_order_seq_cst);
}

/* The word in the slot of the entry at head is of one handle, in the turn of head. */
static bool is_single(const ring *r, uint64_t head, uint64_t word) {
  return ring_ahead(r, ring_head_start(head), word) == 1 && ring_count(word) == 1 &&
         ring_handle(word) != RING_CLOSED_HANDLE;
}

/* FULL is decided by the cached head, which is brought up to date for the next call only. */
static ring_status push_full_by_cached_head(ring *r, uint32_t handle) {
  bool closed;
  uint64_t tail = ring_tail(r, &closed);
  if (!closed && ring_distance(tail, look(&r->cached_head)) >= (int64_t)r->capacity) {
    atomic_store_explicit(&r->cached_head, ring_head_position(look(&r->head)), memory_order_relaxed);
    return RING_FULL;
  }
  return ring_push(r, handle);
}

static void full_by_cached_head(small_queue_parts *p) {
  p->push = push_full_by_cached_head;
}

/* After a failed CAS only head is read again, not the slot. */
static ring_status pop_stale_slot(ring *r, uint32_t *handle) {
  uint64_t head = look(&r->head), word = look(ring_slot(r, ring_head_start(head)));
  if (!is_single(r, head, word)) return ring_pop(r, handle);
  while (!swap(&r->head, &head, head + ring_head_word(1, 0)))
    if (!is_single(r, head, look(ring_slot(r, ring_head_start(head))))) return ring_pop(r, handle);
  *handle = (uint32_t)ring_handle(word);
  return RING_OK;
}

static void stale_slot(small_queue_parts *p) {
  p->pop = pop_stale_slot;
}

/* EMPTY is answered when the hint says so. */
static ring_status pop_empty_by_hint(ring *r, uint32_t *handle) {
  if (look(&r->tail_hint) == ring_head_position(look(&r->head)) && !ring_is_closed(r)) return RING_EMPTY;
  return ring_pop(r, handle);
}

static void empty_by_hint(small_queue_parts *p) {
  p->pop = pop_empty_by_hint;
}

static ring_status pop_many_one_by_one(ring *r, uint32_t *handles, uint32_t k, uint32_t *taken) {
  ring_status status = ring_pop(r, handles);
  for (*taken = status == RING_OK; status == RING_OK && *taken < k; (*taken)++)
    if (ring_pop(r, handles + *taken) != RING_OK) break;
  return status;
}

static void many_one_by_one(small_queue_parts *p) {
  p->pop_many = pop_many_one_by_one;
}

/* The element is not compared with head again: its group may be another push's by then. */
static ring_status peek_once(ring *r, ring_try_retain *try_retain, ring_drop *drop, uint32_t *handle) {
  uint64_t head = look(&r->head), word = look(ring_slot(r, ring_head_start(head)));
  if (ring_ahead(r, ring_head_start(head), word) != 1 || ring_count(word) == 1)
    return ring_peek(r, try_retain, drop, handle);
  *handle = ring_first(r, head, word);
  return RING_OK;
}

static void peek_without_second_look(small_queue_parts *p) {
  p->peek = peek_once;
}

/* The hint goes past the closing mark, where the next slot looks unfilled. */
static ring_status close_raising_hint(ring *r) {
  ring_status status = ring_close(r);
  bool closed;
  if (status == RING_OK) ring_raise_hint(r, ring_tail(r, &closed) + 1);
  return status;
}

static void hint_past_the_mark(small_queue_parts *p) {
  p->close = close_raising_hint;
}

static bool leave(event *e, uint32_t tokens_too) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_relaxed), left;
  do {
    left = x - EVENT_WAITER;
    if (event_tokens(x) > event_waiters(left) || (tokens_too && event_tokens(x) > 0)) left -= EVENT_TOKEN;
  } while (
      !atomic_compare_exchange_weak_explicit(&e->word, &x, left, memory_order_seq_cst, memory_order_relaxed));
  return true;
}

/* Sleeps before it has looked whether a token is there already. */
static bool wait_without_token_look(event *e, event_retry *retry, void *context, uint64_t deadline) {
  for (;;) {
    event_register(e);
    if (retry(context)) {
      event_unregister(e);
      return true;
    }
    uint32_t x = atomic_load_explicit(&e->word, memory_order_relaxed);
    bool in_time = port_wait(&e->word, x, deadline);
    if (in_time)
      in_time = event_sleep(e, deadline);
    else
      leave(e, true);
    if (retry(context)) return true;
    if (!in_time) return false;
  }
}

static void no_token_look(small_queue_parts *p) {
  p->wait = wait_without_token_look;
}

static void tell_who_polls(event *e) {
  if (atomic_fetch_and_explicit(&e->word, ~EVENT_ARMED, memory_order_seq_cst) & EVENT_ARMED)
    port_tell(&e->descriptor);
}

/* The cheaper variant: the notifier moves a waiter over to the count of those it has signalled (here in
   the tokens' place), and whoever wakes up leaves, from either count. */
static void notify_signalled(event *e, uint32_t k) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_seq_cst);
  while (k > 0 && event_waiters(x) > 0)
    if (atomic_compare_exchange_weak_explicit(&e->word, &x, x - EVENT_WAITER + EVENT_TOKEN,
                                              memory_order_seq_cst, memory_order_seq_cst)) {
      port_wake(&e->word, 1);
      k--;
      x = atomic_load_explicit(&e->word, memory_order_seq_cst);
    }
  tell_who_polls(e);
}

static void notify_all_signalled(event *e) {
  notify_signalled(e, EVENT_MAX_WAITERS);
}

static bool wait_signalled(event *e, event_retry *retry, void *context, uint64_t deadline) {
  for (;;) {
    event_register(e);
    bool done = retry(context), in_time = true;
    if (!done) in_time = port_wait(&e->word, atomic_load_explicit(&e->word, memory_order_seq_cst), deadline);
    uint32_t x = atomic_load_explicit(&e->word, memory_order_seq_cst);
    while (!atomic_compare_exchange_weak_explicit(&e->word, &x,
                                                  x - (event_tokens(x) > 0 ? EVENT_TOKEN : EVENT_WAITER),
                                                  memory_order_seq_cst, memory_order_seq_cst))
      continue;
    if (done || retry(context)) return true;
    if (!in_time) return false;
  }
}

static void signalled_count(small_queue_parts *p) {
  p->wait = wait_signalled;
  p->notify = notify_signalled;
  p->notify_all = notify_all_signalled;
}

/* Whoever leaves at the deadline leaves the token that may have been meant for it. */
static bool wait_leaving_token(event *e, event_retry *retry, void *context, uint64_t deadline) {
  for (;;) {
    event_register(e);
    if (retry(context)) {
      event_unregister(e);
      return true;
    }
    bool in_time = true;
    uint32_t x = atomic_load_explicit(&e->word, memory_order_relaxed);
    while (in_time && event_tokens(x) == 0) {
      in_time = port_wait(&e->word, x, deadline);
      x = atomic_load_explicit(&e->word, memory_order_relaxed);
    }
    leave(e, in_time);
    if (retry(context)) return true;
    if (!in_time) return false;
  }
}

static void token_left_at_deadline(small_queue_parts *p) {
  p->wait = wait_leaving_token;
}

/* What was published just before the registration is not seen. */
static bool wait_without_retry(event *e, event_retry *retry, void *context, uint64_t deadline) {
  for (;;) {
    event_register(e);
    bool in_time = event_sleep(e, deadline);
    if (retry(context)) return true;
    if (!in_time) return false;
  }
}

static void no_retry_when_registered(small_queue_parts *p) {
  p->wait = wait_without_retry;
}

/* Whoever takes a token does not look again, but goes back to sleep if it was too late. */
static bool unregister_taking_token(event *e, event_retry *retry, void *context, uint64_t deadline) {
  for (;;) {
    event_register(e);
    if (retry(context)) return leave(e, true);
    bool in_time = event_sleep(e, deadline);
    if (retry(context)) return true;
    if (!in_time) return false;
  }
}

static void token_taken_after_success(small_queue_parts *p) {
  p->wait = unregister_taking_token;
}

static void notify_nobody(event *e) {
  (void)e;
}

static void closing_wakes_nobody(small_queue_parts *p) {
  p->notify_all = notify_nobody;
}

/* Whatever the number, one is woken. */
static void notify_one(event *e, uint32_t k) {
  event_notify(e, k > 1 ? 1 : k);
}

static void many_wake_one(small_queue_parts *p) {
  p->notify = notify_one;
}

static void many_told_at_the_end(small_queue_parts *p) {
  p->tells_at_the_end = true;
}

/* What comes between the look and the arming is not seen. */
static int arm_after_look(event *e, event_look *is_there, void *context) {
  port_drain(&e->descriptor);
  if (is_there(context))
    port_tell(&e->descriptor);
  else
    atomic_fetch_or_explicit(&e->word, EVENT_ARMED, memory_order_seq_cst);
  return 0;
}

static void armed_after_the_look(small_queue_parts *p) {
  p->arm = arm_after_look;
}

/* What was told since the arming is drained. */
static int drain_when_armed(event *e, event_look *is_there, void *context) {
  atomic_fetch_or_explicit(&e->word, EVENT_ARMED, memory_order_seq_cst);
  port_drain(&e->descriptor);
  if (is_there(context)) tell_who_polls(e);
  return 0;
}

static void drained_when_armed(small_queue_parts *p) {
  p->arm = drain_when_armed;
}

/* Gives what event_give gives, and tells before. */
static void notify_telling_first(event *e, uint32_t k) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_seq_cst), given, armed;
  do {
    uint32_t without = event_waiters(x) - event_tokens(x);
    given = k < without ? k : without;
    armed = x & EVENT_ARMED;
    if (given == 0 && armed == 0) return;
    if (armed > 0) port_tell(&e->descriptor);
  } while (!atomic_compare_exchange_strong_explicit(&e->word, &x, x + given * EVENT_TOKEN - armed,
                                                    memory_order_seq_cst, memory_order_seq_cst));
  if (given > 0) port_wake(&e->word, given);
}

static void told_before_its_token(small_queue_parts *p) {
  p->notify = notify_telling_first;
}

/* Takes armed away without a look whether somebody else has. */
static void notify_telling_twice(event *e, uint32_t k) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_seq_cst);
  if (x & EVENT_ARMED) {
    atomic_fetch_and_explicit(&e->word, ~EVENT_ARMED, memory_order_seq_cst);
    port_tell(&e->descriptor);
    x = atomic_load_explicit(&e->word, memory_order_seq_cst);
  }
  event_give(e, x, k);
}

static void told_twice(small_queue_parts *p) {
  p->notify = notify_telling_twice;
}

/* Gives up to k tokens to those who wait in calls; the descriptor's only if nobody does and it is not forgotten. */
static void give_sleepers(event *e, uint32_t k, bool forgotten) {
  uint32_t x = atomic_load_explicit(&e->word, memory_order_seq_cst), given, armed;
  do {
    uint32_t without = event_waiters(x) - event_tokens(x);
    given = k < without ? k : without;
    armed = event_waiters(x) == 0 && !forgotten ? x & EVENT_ARMED : 0;
  } while (!atomic_compare_exchange_strong_explicit(&e->word, &x, x + given * EVENT_TOKEN - armed,
                                                    memory_order_seq_cst, memory_order_seq_cst));
  if (given > 0) port_wake(&e->word, given);
  if (armed > 0) port_tell(&e->descriptor);
}

static void notify_all_sleepers(event *e) {
  give_sleepers(e, EVENT_MAX_WAITERS, true);
}

static void closing_forgets_the_descriptor(small_queue_parts *p) {
  p->notify_all = notify_all_sleepers;
}

static void notify_sleepers_first(event *e, uint32_t k) {
  give_sleepers(e, k, false);
}

/* A token that a sleeper does not need is lost to the descriptor that was passed over for it. */
static void sleepers_first(small_queue_parts *p) {
  p->notify = notify_sleepers_first;
}

const mutant mutants[MUTANTS] = {
    {"FULL decided by the cached head alone", full_by_cached_head},
    {"pop keeps the slot it saw before its CAS failed", stale_slot},
    {"EMPTY decided by the hint", empty_by_hint},
    {"pop_many takes one by one", many_one_by_one},
    {"peek does not read head again", peek_without_second_look},
    {"closing raises the hint past its mark", hint_past_the_mark},
    {"no look at the tokens before sleeping", no_token_look},
    {"notifier moves waiters to a signalled count", signalled_count},
    {"token left behind at the deadline", token_left_at_deadline},
    {"no retry between registering and sleeping", no_retry_when_registered},
    {"token taken after a success though another sleeps", token_taken_after_success},
    {"closing wakes nobody", closing_wakes_nobody},
    {"several at once wake one", many_wake_one},
    {"who puts in several waits before it tells of any", many_told_at_the_end},
    {"descriptor armed after the last look", armed_after_the_look},
    {"descriptor drained when it is armed already", drained_when_armed},
    {"descriptor told before its token is taken", told_before_its_token},
    {"descriptor told twice for one arming", told_twice},
    {"closing forgets the descriptor", closing_forgets_the_descriptor},
    {"descriptor told only when nobody sleeps", sleepers_first}};
