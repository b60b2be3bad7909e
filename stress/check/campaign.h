/* Real threads on one kind of queue, recorded and checked: many short histories by complete search, or
   one long one by the quick checker. */
#ifndef HEADRACE_STRESS_CAMPAIGN_H
#define HEADRACE_STRESS_CAMPAIGN_H

#include "check/subject.h"

enum { CAMPAIGN_THREADS = 8 };

typedef struct campaign {
  const subject *subject;
  uint32_t capacity;
  unsigned threads; /* 1 to CAMPAIGN_THREADS */
  uint64_t *random;
  bool quiet; /* does not print the fault that it finds */
} campaign;

typedef struct campaign_tally {
  uint64_t short_histories, long_histories;
  uint64_t overlapping; /* of the short ones, those in which calls of two threads overlap */
  uint64_t calls;       /* in all histories */
  uint64_t kind[HISTORY_KINDS];
  uint64_t together;  /* values that went in with others, in one step */
  uint64_t in_turn;   /* pushes that are a part of one of several that may wait */
  uint64_t result[6]; /* by history_result */
  uint64_t waiting;   /* calls that may wait */
} campaign_tally;

/* Records and checks short histories for about so many rounds of 64; or one long history of about so
   many calls a thread. Both add to the tally and return false as soon as a history is wrong. */
bool campaign_short(const campaign *c, unsigned rounds, campaign_tally *tally);
bool campaign_long(const campaign *c, unsigned calls, campaign_tally *tally);

void campaign_count(campaign_tally *tally, const history_operation *operations, size_t n);

#endif
