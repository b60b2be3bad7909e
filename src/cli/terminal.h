/* What stdout and stderr are: for those who draw on them, headrace and headrace-bench. */
#ifndef HEADRACE_CLI_TERMINAL_H
#define HEADRACE_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Whether stderr is a terminal on which a line can be drawn again. */
static inline bool terminal_can_redraw(void) {
  const char *terminal = getenv("TERM");
  return isatty(STDERR_FILENO) && terminal && *terminal && strcmp(terminal, "dumb") != 0;
}

/* Its width; 80 where it does not say. */
static inline int terminal_columns(int fd) {
  struct winsize size;
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

#endif
