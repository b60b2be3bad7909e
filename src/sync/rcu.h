/* Read-copy-update: memory that is no longer reachable goes once every reader that may still look at
   it has left. No thread does that and nobody waits for it: whoever retires something, or finds
   nothing to do, gives back what can go. Nothing is allocated either: threads have records of a
   static table, and those for which there is none share a count of guests.

   A reader's record says in which epoch it came. What is retired is stamped with the epoch, which then
   moves on; it can go when every reader that is inside came in a later one and no guest is inside
   (Fraser 2004, with one object in the place of three lists).

   The pairs of memory orders:
     ENTER   rcu_enter: seq_cst store of came (or add to guests), then the caller's seq_cst loads of links
     UNLINK  the caller's seq_cst CAS of the links, then rcu_retire, then rcu_reclaim: seq_cst loads of came
     of which at least one sees the other (store buffering): the reader finds the object unlinked,
     or the reclaiming finds the reader.
     EPOCH   rcu_retire: acq_rel add to the epoch -> rcu_enter: acquire load: who came later cannot
             reach the object any more
     LEAVE   rcu_leave: release store (or subtraction) -> rcu_reclaim: seq_cst loads: whatever a reader
             did comes before the reclaiming
     LIMBO   limbo_push: release CAS -> rcu_reclaim: acquire exchange: the object and its stamp */
#ifndef HEADRACE_SYNC_RCU_H
#define HEADRACE_SYNC_RCU_H

#include "sync/port.h"

typedef struct rcu_reader rcu_reader;

/* The first member of what can be retired; written by rcu.c only. */
typedef struct rcu_object {
  struct rcu_object *next;
  uint64_t epoch; /* in which it was retired */
} rcu_object;

/* What was retired and has not gone yet. */
typedef struct rcu_limbo {
  _Atomic(rcu_object *) first; /* who retires pushes, who reclaims takes all and pushes back */
} rcu_limbo;

typedef void rcu_free(rcu_object *object);

/* Makes what the process needs, unless it is there; before anything else. Returns 0, or an errno that says what the
   system did not give: a thread-specific key, or memory for a fork handler. */
int rcu_prepare(void);

/* What a reader reaches between these two stays. Neither waits, allocates or fails; they may nest. */
rcu_reader *rcu_enter(void);
void rcu_leave(rcu_reader *reader); /* what rcu_enter gave */

/* Hands over an object that has been unlinked for good. */
void rcu_retire(rcu_limbo *limbo, rcu_object *object);

/* Frees what no reader can reach. Not between rcu_enter and rcu_leave of the same thread, whose own
   objects would stay. */
void rcu_reclaim(rcu_limbo *limbo, rcu_free *free_object);

/* Frees everything; nobody may be inside on behalf of this limbo's objects. */
void rcu_reclaim_all(rcu_limbo *limbo, rcu_free *free_object);

#endif
