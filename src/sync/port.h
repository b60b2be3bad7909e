/* The seam between the lock-free core and the machine: all that ring, stack and event count use
   beyond <stdatomic.h>. Another header can take this one's place (define HEADRACE_PORT_HEADER to
   its quoted path): a model checker's, or the schedule-point build's, which also redefines the
   operations of <stdatomic.h> so that every one of them calls a hook.

   ConcurrencyKit knows the processors, so that no assembly is needed here: how to pause (ck_pr_stall), how long a cache
   line is (CK_MD_CACHELINE). Its structures are not used: they are not of 24-bit handles, or not exact. Atomic operations
   are C11's, whose orders a checker knows. */
#ifndef HEADRACE_SYNC_PORT_H
#define HEADRACE_SYNC_PORT_H

#ifdef HEADRACE_PORT_HEADER
#include HEADRACE_PORT_HEADER
#else

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

/* The threads that linger in one place: on a line that only they touch. All zero: none. */
typedef struct port_crowd {
  _Alignas(PORT_LINE) _Atomic uint32_t waiting;
} port_crowd;

/* Lets whoever holds a line that this thread has lost run on: waits, without touching that line, for so many nanoseconds
   for each thread of the crowd, this one included. The more there are, the later each of them comes back, so
   that whoever holds the line runs on for as long however many want it. The last half of the wait differs from call to
   call, so that threads that have lost together do not come back together. It is in time and not in turns of a loop, since a
   turn is not the same on every processor; where reading the clock is a system call, it costs two at least. A thread that
   stops in here for ever stays in the crowd: the others then wait that much longer. */
void port_linger(port_crowd *crowd, unsigned nanoseconds);

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
