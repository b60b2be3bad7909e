/* What of the mapped files is in memory: pages that will be needed are asked for ahead, where the
   disk has been waited for, and the mappings are let go of behind, where they are larger than the
   caller allows. */
#ifndef HEADRACE_LOADER_RESIDENT_H
#define HEADRACE_LOADER_RESIDENT_H

#include "loader/fill.h"

typedef struct resident {
  const recipe *recipe;
  uint64_t limit;          /* bytes; 0: all the files are smaller */
  _Atomic uint64_t mapped; /* bytes mapped in since the last letting go, at most; workers add */
} resident;

/* What one worker knows. */
typedef struct resident_worker {
  long waits;         /* reads from disk that the thread has waited for so far */
  unsigned since;     /* batches since that was looked at */
  unsigned ask_ahead; /* batches for which to ask ahead yet */
} resident_worker;

/* limit: bytes, 0: the default. */
void resident_init(resident *r, const recipe *of, uint64_t limit);

/* After a batch: lets go of the mappings when they may have become too large. Returns whether to ask for what will be
   needed later: the thread has waited for the disk lately. */
bool resident_after(resident *r, resident_worker *w, const filler *f);

/* Asks for the pages of the step at `later`. */
void resident_ask(filler *f, const order_place *later);

#endif
