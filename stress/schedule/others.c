#include "schedule/others.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

#include "support/stress.h"

/* Refusals in a row after which a thread counts as idle; blocked means that all are. */
enum { MAX_OTHERS = 16, PATIENCE = 20000, COUNTED_AT_ONCE = 16 };

typedef struct other {
  pthread_t thread;
  sem_t go, done;
  bag bag;
} other;

bag others_bag;

static other other_threads[MAX_OTHERS];
static unsigned count; /* with the caller, who has no entry above */
static bool leave;
static uint64_t completed_before; /* in all works that are over */

/* The work that is going on. */
static const subject *work_subject;
static uint64_t work_operations;
static bool work_closing;
static _Atomic uint64_t completed;
static _Atomic unsigned idle;
static _Atomic bool blocked, closed_without_cause;

answer bag_put(const subject *s, bag *b) {
  if (b->count == 0) return ANSWER_FULL;
  answer a = s->put(b->items[b->count - 1], 0);
  if (a == ANSWER_DONE) b->count--;
  return a;
}

answer bag_take(const subject *s, bag *b) {
  uint32_t item;
  answer a = s->take(&item, 0);
  if (a == ANSWER_DONE) b->items[b->count++] = item;
  return a;
}

answer bag_put_many(const subject *s, bag *b, uint32_t most) {
  uint32_t items[SUBJECT_MANY], k = most < b->count ? most : b->count, entered;
  if (!s->put_many || k == 0) return bag_put(s, b);
  for (uint32_t i = 0; i < k; i++) items[i] = b->items[--b->count];
  answer a = s->put_many(items, k, 0, &entered);
  while (k > entered) b->items[b->count++] = items[--k];
  return a;
}

answer bag_take_many(const subject *s, bag *b, uint32_t most) {
  uint32_t taken;
  if (!s->take_many) return bag_take(s, b);
  answer a = s->take_many(b->items + b->count, most, 0, &taken);
  if (a == ANSWER_DONE) b->count += taken;
  return a;
}

/* One put and one take, in turns of one and of several; returns how many of them were completed. */
static unsigned put_and_take(bag *b) {
  static _Thread_local uint32_t turn;
  uint32_t puts = turn / 2 % (SUBJECT_MANY + 1), takes = turn / 3 % (SUBJECT_MANY + 1);
  turn++;
  answer put = puts > 1 ? bag_put_many(work_subject, b, puts) : bag_put(work_subject, b);
  answer took = takes > 1 ? bag_take_many(work_subject, b, takes) : bag_take(work_subject, b);
  if (put == ANSWER_CLOSED || took == ANSWER_CLOSED) {
    if (!work_closing) atomic_store(&closed_without_cause, true);
    return (put == ANSWER_DONE || put == ANSWER_CLOSED) + (took == ANSWER_DONE || took == ANSWER_CLOSED);
  }
  return (put == ANSWER_DONE) + (took == ANSWER_DONE);
}

/* Until all together have completed what they should, or are blocked. */
static void work(bag *b) {
  unsigned refused = 0, uncounted = 0;
  while (atomic_load(&completed) < work_operations && !atomic_load(&blocked)) {
    unsigned now = put_and_take(b);
    uncounted += now;
    if (uncounted >= COUNTED_AT_ONCE) {
      atomic_fetch_add(&completed, uncounted);
      uncounted = 0;
    }
    if (now > 0) {
      if (refused >= PATIENCE) atomic_fetch_sub(&idle, 1);
      refused = 0;
    } else if (++refused == PATIENCE && atomic_fetch_add(&idle, 1) + 1 == count) {
      atomic_store(&blocked, true);
    }
    if (refused % 64 == 63) sched_yield();
  }
  if (refused < PATIENCE) atomic_fetch_add(&idle, 1); /* whoever has left is not waited for */
}

static void *other_main(void *context) {
  other *self = context;
  for (;;) {
    while (sem_wait(&self->go) != 0) continue;
    if (leave) return NULL;
    work(&self->bag);
    sem_post(&self->done);
  }
}

void others_begin(unsigned n) {
  count = n < MAX_OTHERS ? n : MAX_OTHERS;
  leave = false;
  completed_before = 0;
  for (unsigned i = 1; i < count; i++) {
    other *o = &other_threads[i];
    stress_check(sem_init(&o->go, 0, 0) == 0 && sem_init(&o->done, 0, 0) == 0 &&
                     pthread_create(&o->thread, NULL, other_main, o) == 0,
                 "no thread to be had");
  }
}

void others_end(void) {
  leave = true;
  for (unsigned i = 1; i < count; i++) {
    sem_post(&other_threads[i].go);
    pthread_join(other_threads[i].thread, NULL);
  }
}

/* Gives each thread its share of the items. */
static void hand_out(void) {
  uint32_t share = others_bag.count / count;
  for (unsigned i = 1; i < count; i++) {
    bag *b = &other_threads[i].bag;
    b->count = share;
    others_bag.count -= share;
    memcpy(b->items, others_bag.items + others_bag.count, share * sizeof *b->items);
  }
}

static void collect(void) {
  for (unsigned i = 1; i < count; i++) {
    const bag *b = &other_threads[i].bag;
    memcpy(others_bag.items + others_bag.count, b->items, b->count * sizeof *b->items);
    others_bag.count += b->count;
  }
}

const char *others_work(const subject *s, uint64_t operations, bool closing) {
  work_subject = s;
  work_operations = operations;
  work_closing = closing;
  atomic_store(&idle, 0);
  atomic_store(&completed, 0);
  atomic_store(&blocked, false);
  atomic_store(&closed_without_cause, false);
  hand_out();
  for (unsigned i = 1; i < count; i++) sem_post(&other_threads[i].go);
  work(&others_bag);
  for (unsigned i = 1; i < count; i++)
    while (sem_wait(&other_threads[i].done) != 0) continue;
  collect();
  completed_before += atomic_load(&completed);
  if (atomic_load(&blocked)) return "the others are blocked";
  return atomic_load(&closed_without_cause) ? "CLOSED, and nobody closed it" : NULL;
}

uint64_t others_operations(void) {
  return completed_before;
}
