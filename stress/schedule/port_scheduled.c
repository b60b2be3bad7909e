#include "schedule/port_scheduled.h"

#include <sched.h>
#include <stddef.h>

#include "sync/counters.h"

_Thread_local const schedule *schedule_mine;

const char *schedule_kind_name(schedule_kind kind) {
  static const char *const names[] = {"load",     "store", "exchange", "fetch", "CAS",
                                      "weak CAS", "wait",  "wake",     "tell",  "drain"};
  return names[kind];
}

/* A thread without a schedule looks again and again in place of sleeping: port_wait may return at
   any time. */
bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline) {
  schedule_point(SCHEDULE_STEP(SCHEDULE_WAIT, word));
  if (schedule_mine) return schedule_mine->wait(word, expected, deadline);
  sched_yield();
  return true;
}

void port_wake(_Atomic uint32_t *word, uint32_t count) {
  schedule_point(SCHEDULE_STEP(SCHEDULE_WAKE, word));
  if (schedule_mine) schedule_mine->wake(word, count);
}

uint64_t port_clock(void) {
  return schedule_mine ? schedule_mine->clock() : 0;
}

void port_yield(void) {
  if (schedule_mine)
    schedule_mine->give_way();
  else
    sched_yield();
}

bool port_may_spin(void) {
  return schedule_mine && schedule_mine->may_spin();
}

/* Two shards, so that threads have one together as well as another one's. */
unsigned counters_my_shard(void) {
  static _Atomic unsigned threads;
  static _Thread_local unsigned mine; /* 0: not numbered yet */
  if (schedule_mine && schedule_mine->number) return schedule_mine->number() % 2;
  if (mine == 0) mine = __extension__ __atomic_add_fetch((unsigned *)(void *)&threads, 1, __ATOMIC_RELAXED);
  return mine % 2;
}
