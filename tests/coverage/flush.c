/* Counters of the preset coverage are written when a program ends by exit. With these in the place of the calls that
   end it otherwise (cmake/HeadraceTargets.cmake wraps them), they are written then, too. What is lost are the counters of
   programs that another process kills. */
#include <gcov.h>
#include <signal.h>
#include <stdnoreturn.h>

noreturn void __real_abort(void);
noreturn void __wrap_abort(void);
noreturn void __wrap_abort(void) {
  __gcov_dump();
  __real_abort();
}

noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);
noreturn void __wrap__exit(int status) {
  __gcov_dump();
  __real__exit(status);
}

/* The process may live on: what it counts from here on is added to that. */
static void write_counters(void) {
  __gcov_dump();
  __gcov_reset();
}

int __real_raise(int number);
int __wrap_raise(int number);
int __wrap_raise(int number) {
  write_counters();
  return __real_raise(number);
}

/* Giving a signal back to the system is the last thing that some handlers do. */
int __real_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  if (action && action->sa_handler == SIG_DFL) write_counters();
  return __real_sigaction(number, action, before);
}
