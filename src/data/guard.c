#include "data/guard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>

#include "core/error.h"

typedef struct guard {
  sigjmp_buf back;
  guard_owns *owns;
  const void *areas;
  const void *volatile fault;
} guard;

/* What the calling thread runs guarded. initial-exec: the handler may be the first to look at it in
   a thread, and must not allocate. volatile: the handler reads it in the middle of body. */
static _Thread_local guard *volatile active __attribute__((tls_model("initial-exec")));

static struct sigaction previous;
static int install_errno;
static pthread_once_t install_once = PTHREAD_ONCE_INIT;

/* Does what would have happened without us. Returning after SIG_DFL is restored repeats the read,
   which then ends the process, or delivers the raised signal. */
static void pass_on(int number, siginfo_t *info, void *machine) {
  if (previous.sa_flags & SA_SIGINFO) {
    previous.sa_sigaction(number, info, machine);
  } else if (previous.sa_handler == SIG_DFL) {
    sigaction(number, &previous, NULL);
    raise(number);
  } else if (previous.sa_handler != SIG_IGN) {
    previous.sa_handler(number);
  }
}

static void on_sigbus(int number, siginfo_t *info, void *machine) {
  guard *g = active;
  if (!g || info->si_code <= 0 || !g->owns(g->areas, info->si_addr)) {
    pass_on(number, info, machine);
    return;
  }
  g->fault = info->si_addr;
  sigset_t bus;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
  siglongjmp(g->back, 1);
}

static void install(void) {
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGBUS, NULL, &previous) != 0 || sigaction(SIGBUS, &action, NULL) != 0) install_errno = errno;
}

bool guard_install(void) {
  pthread_once(&install_once, install);
  return install_errno == 0 || error_fail(BATCH_UNSUPPORTED, "batch_loader_create: no handler for SIGBUS: %s",
                                          strerror(install_errno));
}

const void *guard_run(void (*body)(void *context), void *context, guard_owns *owns, const void *areas) {
  guard g = {.owns = owns, .areas = areas};
  guard *outer = active;
  if (sigsetjmp(g.back, 0) == 0) {
    active = &g;
    body(context);
  }
  active = outer;
  return g.fault;
}
