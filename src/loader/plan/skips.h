/* The places of epochs that a run leaves out. Constant once made.

   A row that is not skipped is *kept*; the kept rows of an epoch are numbered 0, 1, 2, ... in its order. */
#ifndef HEADRACE_LOADER_PLAN_SKIPS_H
#define HEADRACE_LOADER_PLAN_SKIPS_H

#include "headrace/loader.h"

typedef struct skips {
  uint32_t count;
  batch_loader_skip list[BATCH_LOADER_MAX_SKIPS]; /* sorted; no two of an epoch touch, none is empty */
} skips;

/* Makes the list of what both lists say, n and m intervals in any order. Where they come to too many, those of epochs
   before `epoch` are let go of. Sets an error, without a function's name, which calls the intervals skips[i]. */
bool skips_init(skips *s, const batch_loader_skip *given, size_t n, const batch_loader_skip *saved, size_t m,
                uint64_t epoch);

/* The first epoch, from `epoch` on, in which rows are skipped; UINT64_MAX: none. */
uint64_t skips_next(const skips *s, uint64_t epoch);

/* How many of the places [0, place) of an epoch are kept. */
uint64_t skips_kept(const skips *s, uint64_t epoch, uint64_t place);

/* The place of an epoch's kept row number `kept`, if the epoch went on for ever; UINT64_MAX: beyond what can be
   counted. */
uint64_t skips_place(const skips *s, uint64_t epoch, uint64_t kept);

/* The same of n kept rows, from `kept` on. */
void skips_places(const skips *s, uint64_t epoch, uint64_t kept, uint32_t n, uint64_t *places);

#endif
