/* Schedule points: what a build with port_scheduled.h calls at every atomic operation. Whoever runs
   threads under control (stopping.h, fibers.h) installs a schedule for each of them; a thread without
   one goes on at full speed. */
#ifndef HEADRACE_STRESS_SCHEDULE_H
#define HEADRACE_STRESS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

typedef enum schedule_kind {
  SCHEDULE_LOAD,
  SCHEDULE_STORE,
  SCHEDULE_EXCHANGE,
  SCHEDULE_FETCH,
  SCHEDULE_CAS,
  SCHEDULE_WEAK_CAS,
  SCHEDULE_WAIT,
  SCHEDULE_WAKE,
  SCHEDULE_TELL,
  SCHEDULE_DRAIN
} schedule_kind;

/* One atomic operation, about to be done. */
typedef struct schedule_step {
  schedule_kind kind;
  const char *file;
  int line;
  const volatile void *object;
} schedule_step;

typedef struct schedule {
  /* Before each operation. */
  void (*point)(const schedule_step *step);
  /* After a compare-and-exchange that changed its object. */
  void (*swapped)(const schedule_step *step);
  /* Whether the weak compare-and-exchange of this step is to fail for no reason. */
  bool (*fails_spuriously)(void);
  /* As in sync/port.h. */
  bool (*wait)(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline);
  void (*wake)(_Atomic uint32_t *word, uint32_t count);
  uint64_t (*clock)(void);
  bool (*may_spin)(void);
  void (*give_way)(void);   /* pause, back-off, yield: others first */
  unsigned (*number)(void); /* of the thread; may be NULL */
} schedule;

/* The calling thread's schedule; NULL: none. */
extern _Thread_local const schedule *schedule_mine;

static inline void schedule_point(schedule_step step) {
  if (schedule_mine) schedule_mine->point(&step);
}

static inline bool schedule_fails_spuriously(schedule_kind kind) {
  return kind == SCHEDULE_WEAK_CAS && schedule_mine && schedule_mine->fails_spuriously();
}

static inline void schedule_swapped(schedule_step step, bool swapped) {
  if (swapped && schedule_mine) schedule_mine->swapped(&step);
}

/* "load", "store", ... */
const char *schedule_kind_name(schedule_kind kind);

#endif
