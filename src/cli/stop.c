#include "stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t asked_by; /* the signal; its handler writes, the run reads */

static void note(int number) {
  asked_by = number;
}

/* Of SIGPIPE every one: what says how far the run is may be written once more before it has stopped. */
void stop_watch(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU, SIGPIPE};
  struct sigaction action = {.sa_handler = note}, before;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    action.sa_flags = numbers[i] == SIGPIPE ? SA_RESTART : SA_RESTART | (int)SA_RESETHAND;
    if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
  }
}

bool stop_asked(void) {
  return asked_by != 0;
}

void stop_die(void) {
  if (!asked_by) return;
  signal(asked_by, SIG_DFL);
  raise(asked_by);
}
