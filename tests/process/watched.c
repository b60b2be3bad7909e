#include "process/watched.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "process/process.h"

enum { SKIPPED = 77 };

static _Thread_local bool watching;
static _Thread_local unsigned allocations, frees, locks;
/* The watching thread writes them while the watched one waits in the kernel. */
static atomic_uint wakes, clocks, calls;
static atomic_int last, listener = -1;

/* What --wrap puts in the place of each function. */
#define WRAPPED(counted, result, name, parameters, ...)                                                      \
  result __real_##name parameters;                                                                           \
  result __wrap_##name parameters;                                                                           \
  result __wrap_##name parameters {                                                                          \
    if (watching) counted++;                                                                                 \
    return __real_##name(__VA_ARGS__);                                                                       \
  }
WRAPPED(allocations, void *, malloc, (size_t bytes), bytes)
WRAPPED(allocations, void *, calloc, (size_t n, size_t bytes), n, bytes)
WRAPPED(allocations, void *, realloc, (void *block, size_t bytes), block, bytes)
WRAPPED(allocations, void *, aligned_alloc, (size_t alignment, size_t bytes), alignment, bytes)
WRAPPED(locks, int, pthread_mutex_lock, (pthread_mutex_t * lock), lock)
WRAPPED(locks, int, pthread_mutex_trylock, (pthread_mutex_t * lock), lock)
WRAPPED(locks, int, pthread_rwlock_rdlock, (pthread_rwlock_t * lock), lock)
WRAPPED(locks, int, pthread_rwlock_wrlock, (pthread_rwlock_t * lock), lock)
WRAPPED(locks, int, pthread_spin_lock, (pthread_spinlock_t * lock), lock)

void __real_free(void *block);
void __wrap_free(void *block);
void __wrap_free(void *block) {
  if (watching) frees++;
  __real_free(block);
}

static void note(const struct seccomp_data *call) {
  if (call->nr == SYS_futex && ((int)call->args[1] & FUTEX_CMD_MASK) == FUTEX_WAKE) {
    wakes++;
  } else if (call->nr == SYS_clock_gettime) {
    clocks++;
  } else {
    calls++;
    last = call->nr;
  }
}

/* Until the program ends: the watched thread makes calls of its own to its very end. */
static void *look_on(void *unused) {
  while (listener < 0) sched_yield();
  for (;;) {
    struct seccomp_notif asked = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) {
      if (errno == EINTR || errno == ENOENT) continue;
      return unused;
    }
    note(&asked.data);
    struct seccomp_notif_resp answer = {.id = asked.id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

typedef struct run {
  void (*function)(void *context);
  void *context;
} run;

static void *run_watched(void *argument) {
  const run *r = argument;
  struct sock_filter filter[] = {BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)};
  struct sock_fprog program = {1, filter};
  long made = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (made == 0)
    made = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
  if (made < 0) {
    printf("skipped: calls cannot be watched here: %s\n", strerror(errno));
    exit(SKIPPED);
  }
  listener = (int)made;
  r->function(r->context);
  return NULL;
}

void watched_run(void (*function)(void *context), void *context) {
  run r = {function, context};
  pthread_t watcher, thread;
  EXPECT(pthread_create(&watcher, NULL, look_on, NULL) == 0 &&
             pthread_create(&thread, NULL, run_watched, &r) == 0,
         "no thread");
  pthread_detach(watcher);
  pthread_join(thread, NULL);
}

watched watch(void) {
  watching = true;
  return (watched){.wakes = wakes,
                   .clock = clocks,
                   .calls = calls,
                   .allocations = allocations,
                   .frees = frees,
                   .locks = locks};
}

void unwatch(watched *seen) {
  watching = false;
  seen->wakes = wakes - seen->wakes;
  seen->clock = clocks - seen->clock;
  seen->calls = calls - seen->calls;
  seen->last = last;
  seen->allocations = allocations - seen->allocations;
  seen->frees = frees - seen->frees;
  seen->locks = locks - seen->locks;
}
