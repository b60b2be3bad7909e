#include "soak/stop.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came; /* its handler writes, the thread that looks after the hands reads */

static void note(int number) {
  came = number;
}

void stop_watch(void) {
  static const int numbers[] = {SIGINT, SIGTERM};
  struct sigaction action = {.sa_handler = note, .sa_flags = SA_RESTART | (int)SA_RESETHAND}, before;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (sigaction(numbers[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
      sigaction(numbers[i], &action, NULL);
}

int stop_signal(void) {
  return came;
}
