/* Counters of the preset coverage are written when a program ends by exit. With these in the place of the calls that
   end it otherwise (cmake/HeadraceTargets.cmake wraps them), they are written then, too. What is lost are the counters of
   programs that another process kills. A file of counters that is written in part spoils what others have counted: where
   a test has set a limit that the process itself may lift, it is lifted before. */
#include <gcov.h>
#include <signal.h>
#include <stdnoreturn.h>
#include <sys/resource.h>

static const __rlimit_resource_t limits[] = {RLIMIT_FSIZE, RLIMIT_NOFILE, RLIMIT_AS};
enum { LIMITS = sizeof limits / sizeof *limits };
static struct rlimit set[LIMITS];

/* The last destructor of all writes the counters: this comes before it. */
__attribute__((destructor)) static void lift_limits(void) {
  for (int i = 0; i < LIMITS; i++) {
    getrlimit(limits[i], &set[i]);
    setrlimit(limits[i], &(struct rlimit){set[i].rlim_max, set[i].rlim_max});
  }
}

static void write_counters(void) {
  lift_limits();
  __gcov_dump();
  for (int i = 0; i < LIMITS; i++) setrlimit(limits[i], &set[i]);
}

noreturn void __real_abort(void);
noreturn void __wrap_abort(void);
noreturn void __wrap_abort(void) {
  write_counters();
  __real_abort();
}

noreturn void __real__exit(int status);
noreturn void __wrap__exit(int status);
noreturn void __wrap__exit(int status) {
  write_counters();
  __real__exit(status);
}

/* The process may live on: what it counts from here on is added to that. */
static void write_and_go_on(void) {
  write_counters();
  __gcov_reset();
}

int __real_raise(int number);
int __wrap_raise(int number);
int __wrap_raise(int number) {
  write_and_go_on();
  return __real_raise(number);
}

/* Giving a signal back to the system is the last thing that some handlers do. */
int __real_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before);
int __wrap_sigaction(int number, const struct sigaction *action, struct sigaction *before) {
  if (action && action->sa_handler == SIG_DFL) write_and_go_on();
  return __real_sigaction(number, action, before);
}
