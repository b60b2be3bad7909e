/* Threads at full speed on the real queue; every call is recorded, and every history checked. First the
   control: queues with one flaw each, all of which must be found out.

   proof_linearizability [seconds [threads [seed]]] */
#include <inttypes.h>
#include <stdio.h>

#include "check/campaign.h"
#include "support/stress.h"

#ifndef LINEARIZABILITY_CAPACITIES /* 0: unlimited */
#define LINEARIZABILITY_CAPACITIES 1, 2, 3, 5, 64, 1024, 0
#endif

enum { SHORT_ROUNDS = 4, LONG_CALLS = 50000, CONTROL_ATTEMPTS = 400 };

static void expect_caught(const subject *wrong, uint64_t *random) {
  campaign_tally tally = {0};
  for (unsigned attempt = 0; attempt < CONTROL_ATTEMPTS; attempt++) {
    campaign c = {wrong, 1 + attempt % 3, 2 + attempt / 3 % 3, random, true};
    bool by_search = attempt % 2;
    if (by_search ? campaign_short(&c, 1, &tally) : campaign_long(&c, 1000, &tally)) continue;
    printf("  control \"%s\": caught by the %s after %" PRIu64 " calls\n", wrong->name,
           by_search ? "complete search" : "quick checker", tally.calls);
    return;
  }
  stress_fail("control \"%s\": not caught in %" PRIu64 " calls", wrong->name, tally.calls);
}

/* One short and one long campaign on each kind of queue. */
static void check_all(unsigned threads, uint64_t *random, campaign_tally *tally) {
  static const uint32_t capacities[] = {LINEARIZABILITY_CAPACITIES};
  static const subject *const subjects[] = {&subject_ring, &subject_queue};
  for (unsigned i = 0; i < sizeof capacities / sizeof *capacities; i++) {
    for (unsigned j = 0; j < 2 && stress_goes_on(); j++) {
      if (capacities[i] == 0 && !subjects[j]->unlimited) continue;
      campaign c = {subjects[j], capacities[i], threads, random, false};
      bool right = campaign_short(&c, SHORT_ROUNDS, tally) && campaign_long(&c, LONG_CALLS, tally);
      stress_check(right, "a history is not linearizable");
    }
  }
}

static void print_tally(const campaign_tally *t) {
  printf("  %" PRIu64 " calls checked, %" PRIu64 " of them such as may wait\n", t->calls, t->waiting);
  printf("  %" PRIu64 " short histories by complete search, calls of threads overlap in %.1f %%\n",
         t->short_histories, 100.0 * (double)t->overlapping / (double)t->short_histories);
  printf("  %" PRIu64 " long histories by the quick checker\n", t->long_histories);
  printf("  push %" PRIu64 ", push_many %" PRIu64 ", pop %" PRIu64 ", pop_many %" PRIu64 ", peek %" PRIu64
         ", close %" PRIu64 "\n",
         t->kind[HISTORY_PUSH], t->kind[HISTORY_PUSH_MANY], t->kind[HISTORY_POP], t->kind[HISTORY_POP_MANY],
         t->kind[HISTORY_PEEK], t->kind[HISTORY_CLOSE]);
  printf("  %" PRIu64 " values went in with others in one step; %" PRIu64
         " of the pushes went in after others of the same call, in turn\n",
         t->together, t->in_turn);
  printf("  OK %" PRIu64 ", FULL %" PRIu64 ", EMPTY %" PRIu64 ", CLOSED %" PRIu64 ", TIMEDOUT %" PRIu64 "\n",
         t->result[0], t->result[1], t->result[2], t->result[3], t->result[4]);
}

int main(int argc, char **argv) {
  stress_begin(argc, argv, 5.0, 4);
  unsigned most = stress_threads() < CAMPAIGN_THREADS ? stress_threads() : CAMPAIGN_THREADS;
  uint64_t random = stress_seed();
  campaign_tally tally = {0};
  for (unsigned i = 0; i < wrong_subjects_count; i++) expect_caught(&wrong_subjects[i], &random);
  do {
    check_all(2 + stress_random_below(&random, most > 2 ? most - 1 : 1), &random, &tally);
  } while (stress_goes_on());
  print_tally(&tally);
  return stress_end("%" PRIu64 " calls are linearizable", tally.calls);
}
