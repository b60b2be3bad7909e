/* What the proofs of schedules are about: containers of items 0 to E - 1, seen alike. One of a kind is
   made at a time. */
#ifndef HEADRACE_STRESS_SCHEDULE_SUBJECT_H
#define HEADRACE_STRESS_SCHEDULE_SUBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "schedule/inside_groups.h"
#include "schedule/schedule.h"

typedef enum answer { ANSWER_DONE, ANSWER_FULL, ANSWER_EMPTY, ANSWER_CLOSED, ANSWER_TIMEDOUT } answer;

/* One more than go into a queue in one step, in a build with schedule points. */
enum { SUBJECT_MANY = 5, SUBJECT_ITEMS = 512 };

/* A deadline of put and take: none, and the waiting is by polling the descriptor, whatever arming it answers. */
#define SUBJECT_POLLING (UINT64_MAX - 1)

typedef struct subject {
  const char *name;
  /* A bounded queue holds `capacity` items, then answers FULL. What is not bounded takes all items. */
  bool bounded;
  /* It starts with its items 0 to capacity - 1 inside, and there are no others: a pool. */
  bool starts_full;
  /* An operation has had its effect once such a compare-and-exchange succeeded in such a file; NULL:
     no single one says so. */
  const char *effect_file;
  schedule_kind effect_kind;

  void (*create)(uint32_t capacity);
  void (*destroy)(void);
  answer (*put)(uint32_t item, uint64_t deadline);
  answer (*take)(uint32_t *item, uint64_t deadline);
  /* The rest may be NULL. */
  /* Consecutive, 1 to k of them in one step without a deadline, DONE then; else in steps until all k are in, and the
     answer is about all, or about the next one. *count of k are in. */
  answer (*put_many)(const uint32_t *items, uint32_t k, uint64_t deadline, uint32_t *count);
  answer (*take_many)(uint32_t *items, uint32_t k, uint64_t deadline, uint32_t *count);
  /* How many are inside, when nothing else runs. */
  uint32_t (*size)(void);
  bool (*is_empty)(void), (*is_full)(void);
  answer (*peek)(uint32_t *item);
  void (*close)(void);
  /* Takes out what is inside and releases it; nobody has it then. recover: has all such items again, *count of them, once
     no such call goes on. */
  void (*clear)(void);
  void (*recover)(uint32_t *items, uint32_t *count);
  /* Whether the item, which is outside now, looks as it should. */
  bool (*item_is_sound)(uint32_t item);
  /* Whether nobody is registered as waiting, and no token is left. */
  bool (*is_at_rest)(void);
  /* What does not hold inside while nobody changes anything, or NULL. `kept` groups at most are in the hands of those who
     stand still in a call. */
  const char *(*fault_inside)(uint32_t kept);
  /* What calls find when they want a group, or give one back. */
  void (*arrange_groups)(group_state state);
} subject;

extern const subject subject_queue, subject_unlimited_queue, subject_pool;

/* The control: Vyukov's bounded queue, in which a thread that has claimed a position and not published
   it stops the others. */
extern const subject subject_vyukov;

#endif
