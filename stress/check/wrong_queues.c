/* An array under a mutex with a flaw of choice. Where a flaw is a window between two steps, the
   thread gives way in it now and then. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "check/subject.h"
#include "support/stress.h"

enum flaw {
  STALE_HEAD,        /* FULL is decided by a head that is looked up rarely */
  LATE_PUBLISH,      /* a position is claimed first and filled later: EMPTY although a later push is over */
  DOUBLED,           /* two pops may read the same front */
  LOST,              /* two pushes may write the same place */
  REORDERED,         /* takes the second now and then */
  ONE_BY_ONE,        /* pop_many takes its elements one after the other */
  PUSHED_ONE_BY_ONE, /* push_many puts its elements in one after the other */
  PUSHED_BACKWARDS,  /* push_many puts its elements in in the wrong order, now and then */
  COUNTED_TOO_MANY,  /* push_many says that all are in when there was room for fewer, now and then */
  CLOSED_BESIDES,    /* a push looks whether the queue is closed, and pushes later */
  STALE_PEEK,        /* peek reads the slot of a head that is not the head any more */
  TOO_FULL           /* a push looks whether there is room, and pushes later */
};

enum { SLOTS = 1 << 12 };

typedef struct wrong_queue {
  pthread_mutex_t mutex;
  enum flaw flaw;
  uint32_t capacity;
  bool closed;
  uint64_t head, tail, known_head, calls;
  subject_element slot[]; /* [SLOTS]; 0: claimed and not filled yet */
} wrong_queue;

static void *create(unsigned variant, uint32_t capacity, uint64_t *random) {
  (void)random;
  wrong_queue *q = calloc(1, sizeof *q + SLOTS * sizeof *q->slot);
  stress_check(q && pthread_mutex_init(&q->mutex, NULL) == 0, "no memory");
  q->flaw = variant;
  q->capacity = capacity;
  return q;
}

static void destroy(void *queue) {
  wrong_queue *q = queue;
  pthread_mutex_destroy(&q->mutex);
  free(q);
}

static void lock(wrong_queue *q) {
  pthread_mutex_lock(&q->mutex);
  q->calls++;
}

static void unlock(wrong_queue *q) {
  pthread_mutex_unlock(&q->mutex);
}

/* Where the flaw is this one: a moment without the lock. */
static void window(wrong_queue *q, enum flaw flaw) {
  if (q->flaw != flaw) return;
  bool gives_way = q->calls % 7 == 0;
  unlock(q);
  if (gives_way) sched_yield();
  lock(q);
}

static subject_element *slot_of(wrong_queue *q, uint64_t position) {
  return &q->slot[position % SLOTS];
}

static bool is_full(wrong_queue *q) {
  if (q->flaw != STALE_HEAD || q->calls % 5 == 0) q->known_head = q->head;
  return q->tail - q->known_head >= q->capacity;
}

static history_result push_locked(wrong_queue *q, subject_element element) {
  if (q->closed) return HISTORY_CLOSED;
  window(q, CLOSED_BESIDES);
  if (is_full(q)) return HISTORY_FULL;
  window(q, TOO_FULL);
  uint64_t tail = q->tail;
  window(q, LOST);
  q->tail = tail + 1;
  *slot_of(q, tail) = 0;
  window(q, LATE_PUBLISH);
  *slot_of(q, tail) = element;
  return HISTORY_OK;
}

static history_result push(void *queue, subject_element element, uint64_t deadline) {
  (void)deadline;
  wrong_queue *q = queue;
  lock(q);
  history_result result = push_locked(q, element);
  unlock(q);
  return result;
}

static history_result push_many(void *queue, const subject_element *elements, uint32_t k, uint64_t deadline,
                                uint32_t *pushed) {
  (void)deadline;
  wrong_queue *q = queue;
  history_result result = HISTORY_OK;
  *pushed = 0;
  lock(q);
  bool now = q->calls % 5 == 0, backwards = q->flaw == PUSHED_BACKWARDS && now;
  while (*pushed < k) {
    result = push_locked(q, elements[backwards ? k - 1 - *pushed : *pushed]);
    if (result != HISTORY_OK) break;
    ++*pushed;
    window(q, PUSHED_ONE_BY_ONE);
  }
  unlock(q);
  if (*pushed == 0) return result;
  if (q->flaw == COUNTED_TOO_MANY && now) *pushed = k;
  return HISTORY_OK;
}

static history_result pop_locked(wrong_queue *q, subject_element *element) {
  uint64_t head = q->head;
  if (head >= q->tail || *slot_of(q, head) == 0)
    return q->closed && head >= q->tail ? HISTORY_CLOSED : HISTORY_EMPTY;
  if (q->flaw == REORDERED && q->tail - head >= 2 && q->calls % 11 == 0) {
    subject_element second = *slot_of(q, head + 1);
    *slot_of(q, head + 1) = *slot_of(q, head);
    *slot_of(q, head) = second;
  }
  *element = *slot_of(q, head);
  window(q, DOUBLED);
  q->head = head + 1;
  return HISTORY_OK;
}

static history_result pop(void *queue, subject_element *element, uint64_t deadline) {
  (void)deadline;
  wrong_queue *q = queue;
  lock(q);
  history_result result = pop_locked(q, element);
  unlock(q);
  return result;
}

static history_result pop_many(void *queue, subject_element *elements, uint32_t k, uint32_t *taken) {
  wrong_queue *q = queue;
  history_result result = HISTORY_OK;
  *taken = 0;
  lock(q);
  while (*taken < k && (result = pop_locked(q, &elements[*taken])) == HISTORY_OK) {
    ++*taken;
    window(q, ONE_BY_ONE);
  }
  unlock(q);
  return *taken > 0 ? HISTORY_OK : result;
}

static history_result peek(void *queue, subject_element *element) {
  wrong_queue *q = queue;
  history_result result = HISTORY_OK;
  lock(q);
  uint64_t head = q->head;
  window(q, STALE_PEEK);
  if (q->flaw == STALE_PEEK && q->head > head && q->head < q->tail)
    head = q->tail - 1; /* its slot has wrapped */
  *element = head < q->tail ? *slot_of(q, head) : 0;
  if (*element == 0) result = q->closed && head >= q->tail ? HISTORY_CLOSED : HISTORY_EMPTY;
  unlock(q);
  return result;
}

static history_result close_queue(void *queue) {
  wrong_queue *q = queue;
  lock(q);
  history_result result = q->closed ? HISTORY_CLOSED : HISTORY_OK;
  q->closed = true;
  unlock(q);
  return result;
}

#define WRONG(flaw, sentence)                                                                                \
  {                                                                                                          \
    .name = sentence, .variant = flaw, .create = create, .destroy = destroy, .make = subject_plain_make,     \
    .value_of = subject_plain_value, .drop = subject_plain_drop, .push = push, .push_many = push_many,       \
    .pop = pop, .pop_many = pop_many, .peek = peek, .close = close_queue                                     \
  }

const subject wrong_subjects[] = {
    WRONG(STALE_HEAD, "FULL by a stale head"),
    WRONG(LATE_PUBLISH, "claims first, publishes later"),
    WRONG(DOUBLED, "hands elements out twice"),
    WRONG(LOST, "loses elements"),
    WRONG(REORDERED, "changes the order"),
    WRONG(ONE_BY_ONE, "pop_many one by one"),
    WRONG(CLOSED_BESIDES, "pushes after the close"),
    WRONG(STALE_PEEK, "peeks at a stale slot"),
    WRONG(TOO_FULL, "holds more than its capacity"),
    WRONG(PUSHED_ONE_BY_ONE, "push_many one by one"),
    WRONG(PUSHED_BACKWARDS, "push_many backwards"),
    WRONG(COUNTED_TOO_MANY, "push_many says more than went in"),
};
const unsigned wrong_subjects_count = sizeof wrong_subjects / sizeof *wrong_subjects;
