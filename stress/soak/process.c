/* What happens to the process meanwhile: it forks, signals come, and the command runs beside it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "soak/data.h"
#include "soak/soak.h"
#include "soak/watch.h"

enum { INSIDE = 3, CHILD_SECONDS = 600 };

static pthread_t ids[WATCH_HANDS];
static unsigned num_hands;
static _Atomic uint64_t here, elsewhere;
static const char *command;
static uint64_t whole; /* the checksum of a run without a stop */

/* The library's threads have names, and none may run it. */
static void handle(int number) {
  int saved = errno;
  char name[16] = "";
  (void)number;
  prctl(PR_GET_NAME, name);
  atomic_fetch_add(strncmp(name, "headrace", 8) == 0 ? &elsewhere : &here, 1);
  errno = saved;
}

void signals_begin(unsigned hands) {
  struct sigaction action = {.sa_handler = handle};
  num_hands = hands;
  sigaction(SIGUSR1, &action, NULL);
  sigaction(SIGUSR2, &action, NULL);
}

void signals_hand(unsigned number) {
  ids[number] = pthread_self();
}

/* Before all hands are there this is not played: see soak.c. */
void scene_signals(hand *h) {
  uint64_t before = atomic_load(&here);
  for (unsigned n = 10 + hand_below(h, 60); n > 0 && !soak_is_ending(); n--) {
    hand_step(h, "sends signals");
    if (hand_once_in(h, 2))
      pthread_kill(ids[hand_below(h, num_hands)], SIGUSR1);
    else
      kill(getpid(), SIGUSR2);
    soak_pause(hand_below(h, 500));
  }
  if (atomic_load(&elsewhere) > 0) stress_fail("a signal handler has run in a thread of the library");
  soak_count(SOAK_SIGNALS, atomic_load(&here) - before);
}

static int wait_for(hand *h, pid_t child) {
  int status;
  hand_step(h, "waits for another process");
  while (waitpid(child, &status, 0) < 0) stress_check(errno == EINTR, "waitpid answers %d", errno);
  return status;
}

/* In the child, which allocates nothing: other threads may have been inside malloc. Returns the exit status. */
static int use_inherited(BatchQueue *queue, BatchPool *pool) {
  for (uint64_t i = 0; i < INSIDE; i++) {
    Batch *batch = batch_queue_try_dequeue(queue);
    if (!batch || batch->batch_id != i) return 10;
    batch_release(batch);
  }
  if (batch_pool_outstanding(pool) != 0) return 11;
  for (unsigned i = 0; i < 100; i++) {
    Batch *batch = batch_pool_try_allocate(pool);
    if (!batch || !batch_queue_try_enqueue(queue, batch) || batch_queue_try_dequeue(queue) != batch)
      return 12;
    batch_release(batch);
  }
  batch_queue_close(queue);
  batch_pool_close(pool);
  return batch_queue_dequeue(queue) || batch_pool_allocate(pool) ? 13 : 0;
}

void scene_fork(hand *h) {
  BatchPool *pool = batch_pool_create(INSIDE, 1, 2, 0);
  BatchQueue *queue = batch_queue_create(hand_once_in(h, 2) ? 0 : INSIDE);
  bool good = hand_allows(h, pool && queue, "batch_queue_create");
  for (uint64_t i = 0; good && i < INSIDE; i++) {
    Batch *batch = batch_pool_allocate(pool);
    batch->batch_id = i;
    stress_check(batch_queue_try_enqueue(queue, batch), "%s", batch_last_error()->message);
  }
  hand_step(h, "forks");
  pid_t child = good ? fork() : -1;
  if (child == 0) {
    faults_end();
    alarm(CHILD_SECONDS);
    _exit(use_inherited(queue, pool));
  }
  if (child > 0) {
    int status = wait_for(h, child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
      stress_fail("a child ended with status %#x", (unsigned)status);
    soak_count(SOAK_FORKS, 1);
  }
  batch_queue_free(queue);
  batch_pool_free(pool);
}

/* Runs the command with both outputs in a file. In a group of its own: what stops the soak at a terminal lets it end. */
static pid_t run(hand *h, const char *output, char *const *arguments) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  pid_t child;
  faults_pause();
  stress_check(
      posix_spawn_file_actions_init(&actions) == 0 &&
          posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0600) == 0 &&
          posix_spawn_file_actions_adddup2(&actions, 1, 2) == 0 && posix_spawnattr_init(&attributes) == 0 &&
          posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP) == 0,
      "no memory");
  hand_step(h, "starts the command");
  int answer = posix_spawn(&child, command, &actions, &attributes, arguments, environ);
  stress_check(answer == 0, "%s: %s", command, strerror(answer));
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  faults_resume();
  return child;
}

static uint64_t checksum_in(const char *path) {
  static const char word[] = "checksum ";
  char text[4096] = "";
  FILE *file = fopen(path, "r");
  stress_check(file, "%s is not there", path);
  text[fread(text, 1, sizeof text - 1, file)] = 0;
  fclose(file);
  const char *found = strstr(text, word);
  stress_check(found, "the command says: %s", text);
  return strtoull(found + strlen(word), NULL, 16);
}

/* A part of the run, from a state on or up to some step; returns its checksum. */
static uint64_t feed(hand *h, const char *resume, const char *state, const char *steps) {
  char workers[8];
  const char *output = hand_path(h, "feed.out");
  snprintf(workers, sizeof workers, "%u", 1 + hand_below(h, 3));
  const char *arguments[24] = {"headrace", "feed",      "--quiet", "--batch-size", "4", "--sequence-length",
                               "32",       "--workers", workers,   "--epochs",     "3"};
  size_t n = 11;
  if (resume) arguments[n++] = "--resume", arguments[n++] = resume;
  if (state) arguments[n++] = "--state", arguments[n++] = state;
  if (steps) arguments[n++] = "--steps", arguments[n++] = steps;
  arguments[n++] = data_path("a.bin");
  pid_t child = run(h, output, (char *const *)arguments);
  int status = wait_for(h, child);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    stress_fail("headrace feed ended with status %#x, see %s", (unsigned)status, output);
  soak_count(SOAK_COMMANDS, 1);
  return checksum_in(output);
}

void scene_command(hand *h) {
  char steps[16];
  const char *state = hand_path(h, "feed.state");
  if (!command) return;
  faults_pause();
  unlink(state);
  snprintf(steps, sizeof steps, "%u", 1 + hand_below(h, 200));
  uint64_t sum, first = feed(h, NULL, state, steps);
  (void)__builtin_add_overflow(first, feed(h, state, NULL, NULL), &sum); /* modulo 2^64 */
  faults_resume();
  if (sum != whole)
    stress_fail("the checksums of a run in two parts are %016" PRIx64 ", not %016" PRIx64, sum, whole);
}

void command_begin(const char *path, const char *folder) {
  hand h = {.number = WATCH_HANDS - 1, .random = 1, .folder = folder};
  if (!path) return;
  command = path;
  whole = feed(&h, NULL, NULL, NULL);
}
