/* The seam between the lock-free core and the machine: all that ring, stack and event count use
   beyond <stdatomic.h>. Another header can take this one's place (define HEADRACE_PORT_HEADER to
   its quoted path): a model checker's, or the schedule-point build's, which also redefines the
   operations of <stdatomic.h> so that every one of them calls a hook.

   ConcurrencyKit knows the processors, so that no assembly is needed here: how to pause (ck_pr_stall), how to
   wait for a while without touching memory, longer each time (ck_backoff_eb), how long a cache line is
   (CK_MD_CACHELINE). Its structures are not used: they are not of 24-bit handles, or not exact. Atomic operations
   are C11's, whose orders a checker knows. */
#ifndef HEADRACE_SYNC_PORT_H
#define HEADRACE_SYNC_PORT_H

#ifdef HEADRACE_PORT_HEADER
#include HEADRACE_PORT_HEADER
#else

#include <ck_backoff.h>
#include <ck_md.h>
#include <ck_pr.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Fields that different threads write are this far apart: a line and its prefetched neighbour. */
#define PORT_LINE        128
_Static_assert(PORT_LINE % CK_MD_CACHELINE == 0, "whole lines");

/* How long a waiting thread looks again before it sleeps, in nanoseconds: the bounds between
   which each event adapts. To sleep and be woken costs about
   the upper one: who has spun so long for nothing has lost no more than that. */
#define PORT_SPIN_MIN_NS 1000u
#define PORT_SPIN_MAX_NS 50000u

static inline void port_pause(void) {
  ck_pr_stall();
}

/* Waits longer each time after a failed CAS, so that whoever holds the line can run on: from about
   one and a half microseconds to six. *ceiling starts at 0. With ConcurrencyKit's own bounds, an eighth
   of that to hundreds of microseconds, a queue that four threads push and pop has two thirds of the speed
   (docs/performance/notes.md). */
static inline void port_backoff(unsigned *ceiling) {
  enum { FIRST = 4096, LAST = 16384 };
  if (*ceiling == 0) *ceiling = FIRST;
  ck_backoff_eb(ceiling);
  if (*ceiling > LAST) *ceiling = LAST;
}

/* In the place of static inline, for what is rarely called: kept out of its callers, which save no registers for it. */
#define PORT_APART       static __attribute__((noinline, unused))

static inline void port_prefetch_for_write(const void *address) {
  __builtin_prefetch(address, 1);
}

#define PORT_SECOND_NS UINT64_C(1000000000)

/* Nanoseconds of CLOCK_MONOTONIC. */
static inline uint64_t port_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * PORT_SECOND_NS + (uint64_t)now.tv_nsec;
}

/* Gives the processor away. */
void port_yield(void);

/* Returns false where spinning is pointless: one processor online. */
bool port_may_spin(void);

/* Sleeps while *word == expected, until woken or until the deadline (UINT64_MAX: none). May
   return at any time for no reason, but not without giving the processor away. Returns false only
   when the deadline has passed. */
bool port_wait(_Atomic uint32_t *word, uint32_t expected, uint64_t deadline);

/* Wakes up to count threads that sleep on word. */
void port_wake(_Atomic uint32_t *word, uint32_t count);

/* The descriptor that *word stands for, which begins as 0: made at the first call in this process, for the
   public function named. Returns it, or a negated errno. It is closed by port_descriptor_close. */
int port_descriptor(_Atomic uint32_t *word, const char *function);

/* Makes it readable, if it is there: at any time, also after it has been closed. */
void port_tell(_Atomic uint32_t *word);

/* Makes it unreadable. Returns 0 or an errno. */
int port_drain(_Atomic uint32_t *word);

/* Closes it, and leaves 0; after whoever is inside port_tell, and by that one. */
void port_descriptor_close(_Atomic uint32_t *word);

#endif
#endif
