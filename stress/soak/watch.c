#include "soak/watch.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "soak/soak.h"

/* A hand's own line: it writes what is atomic, the thread that looks the rest. */
typedef struct watched {
  _Alignas(128) _Atomic uint64_t steps;
  _Atomic(const char *) step;
  atomic_bool rests;
  _Atomic int id; /* of the thread; 0: not there yet */
  clockid_t clock;
  uint64_t last;       /* steps at the last look */
  unsigned still;      /* looks that count since then */
  double used_at_last; /* seconds of processor time */
} watched;

static watched all[WATCH_HANDS];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static atomic_bool should_rest, is_over;
static unsigned resting;

void watch_hand(unsigned number) {
  watched *w = &all[number];
  if (pthread_getcpuclockid(pthread_self(), &w->clock) != 0) stress_fail("a thread has no clock");
  atomic_store(&w->step, "begins");
  atomic_store(&w->id, gettid());
}

void watch_step(unsigned number, const char *step) {
  atomic_store_explicit(&all[number].step, step, memory_order_relaxed);
  atomic_fetch_add_explicit(&all[number].steps, 1, memory_order_relaxed);
}

static double seconds_of(clockid_t clock) {
  struct timespec t = {0};
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The first line of /proc/self/task/<thread>/<name>, "?" where it cannot be read. */
static void read_line_of(const char *thread, const char *name, char *line, int size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%.20s/%s", thread, name);
  FILE *file = fopen(path, "r");
  if (!file || !fgets(line, size, file)) snprintf(line, size, "?");
  if (file) fclose(file);
  line[strcspn(line, "\n")] = 0;
}

/* The state of a thread as ps shows it, '?' where it has ended. */
static char state_of(const char *thread) {
  char line[256];
  read_line_of(thread, "stat", line, sizeof line);
  const char *end = strrchr(line, ')');
  return end && end[1] == ' ' ? end[2] : '?';
}

/* But the caller. */
static bool somebody_runs(void) {
  bool found = false;
  char own[16];
  snprintf(own, sizeof own, "%d", gettid());
  DIR *folder = opendir("/proc/self/task");
  for (struct dirent *entry; folder && (entry = readdir(folder));)
    if (entry->d_name[0] != '.' && strcmp(entry->d_name, own) != 0) {
      char state = state_of(entry->d_name);
      found = found || state == 'R' || state == 'D';
    }
  if (folder) closedir(folder);
  return found;
}

/* With the system call that each is in, its arguments, stack and place: who waits for the same word waits for the same thing. */
static void print_threads(void) {
  DIR *folder = opendir("/proc/self/task");
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    char name[64], call[256];
    if (entry->d_name[0] == '.') continue;
    read_line_of(entry->d_name, "comm", name, sizeof name);
    read_line_of(entry->d_name, "syscall", call, sizeof call);
    printf("watch: thread %s, %s, %c, in %s\n", entry->d_name, name, state_of(entry->d_name), call);
  }
  if (folder) closedir(folder);
}

static void give_up(unsigned hands, unsigned number, const char *how) {
  for (unsigned i = 0; i < hands; i++)
    printf("watch: hand %u, thread %d: %s (step %" PRIu64 ")\n", i, atomic_load(&all[i].id),
           atomic_load(&all[i].step), atomic_load(&all[i].steps));
  print_threads();
  printf("FAILED: hand %u %s: %s\n", number, how, atomic_load(&all[number].step));
  fflush(stdout);
  soak_remove_folders();
  abort();
}

static void look_at(watched *w, unsigned hands, unsigned number, bool counts, unsigned patience) {
  char name[16];
  uint64_t steps = atomic_load(&w->steps);
  snprintf(name, sizeof name, "%d", atomic_load(&w->id));
  if (steps != w->last || atomic_load(&w->rests)) {
    w->last = steps;
    w->still = 0;
    w->used_at_last = seconds_of(w->clock);
    return;
  }
  if (counts && state_of(name) == 'S' && ++w->still >= patience)
    give_up(hands, number, "sleeps and is not woken");
  if (seconds_of(w->clock) - w->used_at_last > patience) give_up(hands, number, "runs and comes to no end");
}

void watch_look(unsigned hands, unsigned patience) {
  static double used;
  double now = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  bool counts = now - used > 0.05 || !somebody_runs();
  used = now;
  for (unsigned i = 0; i < hands; i++)
    if (atomic_load(&all[i].id) != 0) look_at(&all[i], hands, i, counts, patience);
}

void watch_rest_begin(unsigned hands, unsigned patience) {
  pthread_mutex_lock(&lock);
  atomic_store(&should_rest, true);
  while (resting < hands) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    if (pthread_cond_timedwait(&changed, &lock, &until) == 0) continue;
    pthread_mutex_unlock(&lock);
    watch_look(hands, patience);
    pthread_mutex_lock(&lock);
  }
  pthread_mutex_unlock(&lock);
}

void watch_rest_end(void) {
  pthread_mutex_lock(&lock);
  atomic_store(&should_rest, false);
  pthread_cond_broadcast(&changed);
  pthread_mutex_unlock(&lock);
}

void watch_over(void) {
  atomic_store(&is_over, true);
}

bool watch_rest_here(unsigned number) {
  if (!atomic_load(&should_rest)) return false;
  pthread_mutex_lock(&lock);
  resting++;
  atomic_store(&all[number].rests, true);
  pthread_cond_broadcast(&changed);
  while (atomic_load(&should_rest)) {
    watch_step(number, "rests");
    pthread_cond_wait(&changed, &lock);
  }
  resting--;
  atomic_store(&all[number].rests, false);
  pthread_mutex_unlock(&lock);
  return true;
}

bool soak_is_ending(void) {
  return atomic_load(&should_rest) || atomic_load(&is_over);
}
