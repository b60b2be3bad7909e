/* A few threads of control on one system thread, switched at schedule points and nowhere else, by a
   schedule that a seed decides: the same seed, the same run.

   The schedule is that of Burckhardt, Kothari, Musuvathi, Nagarakatte 2010, "A randomized scheduler
   with probabilistic guarantees of finding bugs" (PCT): fibers have random priorities, the highest
   that can run runs, and at `changes` random steps the running one falls below all others. One seed in
   four takes a random fiber at random steps instead.

   Sleeping is modelled: port_wait compares and sleeps in one step, port_wake chooses among sleepers at
   random, a wait with a deadline may end at any time, and any wait or weak compare-and-exchange now
   and then for no reason. What it cannot show: memory orders. Everything is sequentially consistent. */
#ifndef HEADRACE_STRESS_FIBERS_H
#define HEADRACE_STRESS_FIBERS_H

#include <stdbool.h>
#include <stdint.h>

enum { FIBERS_MAX = 5 };

typedef enum fibers_end {
  FIBERS_ENDED,  /* all of them */
  FIBERS_ASLEEP, /* the rest without a deadline */
  FIBERS_ENDLESS /* more steps than any run should have */
} fibers_end;

/* Runs job(0) to job(n - 1), n <= FIBERS_MAX, with `changes` changes of priority among the first
   `steps` steps. */
fibers_end fibers_run(unsigned n, void (*job)(unsigned number), uint64_t seed, unsigned changes,
                      unsigned steps);

/* Goes on after FIBERS_ASLEEP, when the caller has done something that should wake them. */
fibers_end fibers_go_on(void);

bool fibers_is_asleep(unsigned number);

/* Lets the fiber that runs go on as another thread, of whose calls it does some: in another shard, that is. */
void fibers_be(unsigned number);

/* Steps of this run so far. */
unsigned fibers_steps(void);

/* Makes every fiber say what it does; for a run that failed. */
void fibers_trace(bool on);

#endif
