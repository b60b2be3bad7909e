/* Says of a long history of a queue that it is not linearizable, in n log n steps: for histories of
   millions of calls, where the complete search of history.h cannot go.

   Usage:
       history_checker *checker = history_checker_create();
       history_fault fault;
       if (history_has_fault(checker, 1024, operations, n, &fault)) history_fault_print(stderr, &fault);

   Every call has come back, each value is pushed at most once, from 1 to 2^24 - 1. Else as history.h.

   What it decides. Never a false alarm: each rule below follows from the definition, so a fault means
   that no linearization exists. Complete, that is, every history without one exists in some order,
   for a queue without a limit and calls push, pop with EMPTY and CLOSED, and close (Henzinger, Sezgin and
   Vafeiadis 2013, "Aspect-oriented linearizability proofs"; the case of EMPTY is argued at
   find_false_empty, closing at bound_close). With peek, push_many and pop_many it has agreed with the
   complete search on every history that test_history.c tries, which is evidence, not a proof. With a capacity
   it is sound only: FULL and too full are decided by counting, which overlooks histories in which
   the counts would do at different instants but no one order of the values.

   How. A block is as many values as calls of several hold together: what one push_many puts in are neighbours, and
   what one pop_many takes; so they may be long. Of each block
       push_by     an instant by which its first value has been pushed (responses)
       push_from   an instant from which on its last value has been pushed at the earliest (invocations)
       front_by    an instant by which its first value has come to the front: taken, or told by a peek
       front_to    an instant up to which its last value is still inside: taken later, or told by a peek later
   Inside a block the order of the values is known: earlier ones are pushed and taken no later, those of one step at
   one instant, and each is pushed before it is taken or told.
   x is before y if push_by(x) < push_from(y), and also if front_by(x) < front_to(y). No two blocks
   may each be before the other. A block with push_by < push_from lies in the queue without a gap, so
   no other value is pushed in between; one with front_by < front_to is the front all that time, so no
   other value is taken meanwhile: those bounds of others are moved out of such gaps. */
#ifndef HEADRACE_STRESS_LONG_HISTORY_H
#define HEADRACE_STRESS_LONG_HISTORY_H

#include <stddef.h>

#include "check/history.h"

/* Values are below it. */
#define HISTORY_MAX_VALUE (UINT32_C(1) << 24)

typedef struct history_fault {
  const char *what;
  const history_operation *calls[2]; /* that show it; NULL: none */
} history_fault;

typedef struct history_checker history_checker;

/* The memory of a checker, which grows with the histories it sees; one thread at a time. */
history_checker *history_checker_create(void);
void history_checker_free(history_checker *checker);

/* Returns true, and *fault, if the history is surely not linearizable. */
bool history_has_fault(history_checker *checker, uint32_t capacity, const history_operation *operations,
                       size_t n, history_fault *fault);

void history_fault_print(FILE *file, const history_fault *fault);

#endif
