/* What stderr is: for those who draw on it, headrace and headrace-bench. */
#ifndef HEADRACE_CLI_TERMINAL_H
#define HEADRACE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether it is a terminal on which a line can be drawn again. */
static inline bool terminal_can_redraw(void) {
  const char *terminal = getenv("TERM");
  return isatty(STDERR_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

#endif
