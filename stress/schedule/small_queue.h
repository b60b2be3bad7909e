/* A queue over ring.h and event.h put together as core/queue.c and queue_many.c do it, of which every part can be
   replaced: what the mutants of proof_schedules are made from. Item i has handle i + 1. */
#ifndef HEADRACE_STRESS_SMALL_QUEUE_H
#define HEADRACE_STRESS_SMALL_QUEUE_H

#include "schedule/subject.h"
#include "sync/event.h"
#include "sync/ring.h"

typedef struct small_queue_parts {
  void (*init)(ring *r, _Atomic uint64_t *slots, uint32_t capacity, uint64_t first_turn, group_store *groups);
  ring_status (*push)(ring *r, uint32_t handle);
  ring_status (*push_many)(ring *r, const uint32_t *handles, uint32_t k, uint32_t *pushed);
  ring_status (*pop)(ring *r, uint32_t *handle);
  ring_status (*pop_many)(ring *r, uint32_t *handles, uint32_t k, uint32_t *taken);
  ring_status (*peek)(ring *r, ring_try_retain *try_retain, ring_drop *drop, uint32_t *handle);
  ring_status (*close)(ring *r);
  bool (*wait)(event *e, event_retry *retry, void *context, uint64_t deadline);
  void (*notify)(event *e, uint32_t k);
  void (*notify_all)(event *e);
  bool tells_at_the_end; /* put_many: who waits is told when all are in, not before it waits itself */
  int (*arm)(event *e, event_look *look, void *context);
} small_queue_parts;

/* As shipped. */
extern const small_queue_parts small_queue_shipped;

/* What subject_small_queue is made from. */
extern small_queue_parts small_queue;

/* The turn of its first position. */
extern uint64_t small_queue_first_turn;

extern const subject subject_small_queue;

/* Forgets all groups: a queue that was wrong may have lost some, or have some twice. */
void small_queue_forget_groups(void);

typedef struct mutant {
  const char *name;
  void (*change)(small_queue_parts *parts);
} mutant;

enum { MUTANTS = 20, MANY_MUTANTS = 18 };
extern const mutant mutants[MUTANTS];
extern const mutant many_mutants[MANY_MUTANTS]; /* wrong with several at once */
extern const mutant pushed_one_by_one;          /* one of them */
extern const mutant without_flaw;               /* what those are made from, right: it must not be found */

#endif
