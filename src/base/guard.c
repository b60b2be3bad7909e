#include "base/guard.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/error.h"

typedef struct guard {
  sigjmp_buf back;
  guard_owns *owns;
  const void *areas;
  const void *volatile fault;
  /* The thread has SIGBUS blocked outside of the guard: what was sent to it waits until it is blocked again. */
  bool was_blocked;
  volatile sig_atomic_t sent;
  siginfo_t what_was_sent;
} guard;

/* What the calling thread runs guarded. The handler may be the first to look at it in a thread: it lies in the
   static block (src/CMakeLists.txt). volatile: the handler reads it in the middle of body. */
static _Thread_local guard *volatile active;

/* What was there before our handler. */
static struct sigaction previous;
/* SA_RESETHAND: previous has been called, SIG_DFL is in its place. Handlers set and read it. */
static atomic_bool previous_spent;
static int install_errno;
static pthread_once_t install_once = PTHREAD_ONCE_INIT;

/* Whether the signal comes from the instruction that it interrupts. */
static bool is_synchronous(const siginfo_t *info) {
  return info->si_code > 0 && info->si_code != BUS_MCEERR_AO;
}

/* Without a handler of the program's. A read that faulted is repeated when we return, and ends the process as it
   would have without us, since the system does not ignore it either; what was sent is delivered, or ignored. */
static void pass_on_to_system(int number, const siginfo_t *info, bool ignored) {
  struct sigaction standard = {.sa_handler = SIG_DFL};
  if (!is_synchronous(info) && ignored) return;
  sigaction(number, &standard, NULL);
  if (!is_synchronous(info)) raise(number);
}

static bool previous_is_handler(void) {
  return previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN;
}

/* Does what would have happened without us. Our handler has the flags and the mask of the one before. */
static void pass_on(int number, siginfo_t *info, void *machine) {
  bool spent = previous_is_handler() && previous.sa_flags & (int)SA_RESETHAND &&
               atomic_exchange_explicit(&previous_spent, true, memory_order_relaxed);
  if (spent || !previous_is_handler())
    pass_on_to_system(number, info, previous.sa_handler == SIG_IGN);
  else if (previous.sa_flags & SA_SIGINFO)
    previous.sa_sigaction(number, info, machine);
  else
    previous.sa_handler(number);
}

static void on_sigbus(int number, siginfo_t *info, void *machine) {
  guard *g = active;
  if (g && g->was_blocked && !is_synchronous(info)) {
    g->what_was_sent = *info;
    g->sent = 1;
    return;
  }
  if (!g || !is_synchronous(info) || !g->owns(g->areas, info->si_addr)) {
    pass_on(number, info, machine);
    return;
  }
  g->fault = info->si_addr;
  pthread_sigmask(SIG_SETMASK, &((const ucontext_t *)machine)->uc_sigmask, NULL);
  siglongjmp(g->back, 1);
}

/* The program's handler finds the stack, the mask and the restarting of system calls that it asked for. */
static void install(void) {
  struct sigaction action = {.sa_sigaction = on_sigbus, .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
  sigemptyset(&action.sa_mask);
  install_errno = sigaction(SIGBUS, NULL, &previous) == 0 ? 0 : errno;
  if (install_errno != 0) return;
  if (previous_is_handler()) {
    action.sa_flags = SA_SIGINFO | (previous.sa_flags & ~(int)SA_RESETHAND);
    action.sa_mask = previous.sa_mask;
  }
  if (sigaction(SIGBUS, &action, NULL) != 0) install_errno = errno;
}

bool guard_install(void) {
  pthread_once(&install_once, install);
  return install_errno == 0 ||
         error_fail(BATCH_ERROR_UNSUPPORTED, "no handler for SIGBUS: %s", strerror(install_errno));
}

static const void *run(guard *g, void (*body)(void *context), void *context) {
  guard *outer = active;
  if (sigsetjmp(g->back, 0) == 0) {
    active = g;
    body(context);
  }
  active = outer;
  return g->fault;
}

const void *guard_run(void (*body)(void *context), void *context, guard_owns *owns, const void *areas) {
  guard g = {.owns = owns, .areas = areas};
  return run(&g, body, context);
}

/* Sends a signal once more, as it was: to the process, or to this thread. */
static void send_again(siginfo_t *info) {
  if (info->si_code == SI_TKILL)
    syscall(SYS_rt_tgsigqueueinfo, getpid(), gettid(), SIGBUS, info);
  else
    syscall(SYS_rt_sigqueueinfo, getpid(), SIGBUS, info);
}

const void *guard_run_anywhere(void (*body)(void *context), void *context, guard_owns *owns,
                               const void *areas) {
  guard g = {.owns = owns, .areas = areas};
  sigset_t bus, before;
  sigemptyset(&bus);
  sigaddset(&bus, SIGBUS);
  pthread_sigmask(SIG_SETMASK, NULL, &before);
  g.was_blocked = sigismember(&before, SIGBUS);
  if (!g.was_blocked) return run(&g, body, context);
  guard *outer = active;
  active = &g; /* what waits already is delivered by the next line */
  pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
  run(&g, body, context);
  active = &g;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  active = outer;
  if (g.sent) send_again(&g.what_was_sent);
  return g.fault;
}

void guard_give_up(const void *address) {
  guard *g = active;
  if (!g) return;
  g->fault = address;
  siglongjmp(g->back, 1);
}
