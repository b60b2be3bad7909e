/* Reading mapped files that may shrink: the kernel answers a read beyond a file's end with SIGBUS.

   guard_run runs a function; a SIGBUS that reading one of the caller's areas raises in the same
   thread ends the function instead of the process. The function must only compute: what it has
   acquired when it is cut short stays acquired. Every other SIGBUS goes where it would have gone
   without us: to the handler that was there before, with its flags and its mask, or to the system.
   (Wayland's shared-memory pools put zero pages over the hole instead; here other threads may read
   the same file, and would take those zeros for data.) */
#ifndef HEADRACE_BASE_GUARD_H
#define HEADRACE_BASE_GUARD_H

#include <stdbool.h>

/* Says whether an address belongs to `areas`. Runs in the signal handler. */
typedef bool guard_owns(const void *areas, const void *address);

/* Installs the handler, once for the process; before anything is run. Sets an error. */
bool guard_install(void);

/* Runs body(context) in a thread that does not block SIGBUS: a worker. Returns NULL, or the address whose
   read ended it. */
const void *guard_run(void (*body)(void *context), void *context, guard_owns *owns, const void *areas);

/* The same in whatever thread has called the library: it lets SIGBUS through meanwhile, since the system ends a
   process that faults while the signal is blocked. One that was sent to it goes on waiting. */
const void *guard_run_anywhere(void (*body)(void *context), void *context, guard_owns *owns,
                               const void *areas);

/* Ends what the calling thread runs guarded, as a fault at this address would. Nothing outside of a guard. */
void guard_give_up(const void *address);

#endif
