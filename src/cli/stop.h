/* Signals that ask a long run to stop: SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGXCPU (ulimit -t) and SIGPIPE. The first one is
   noted, so that the run can take its temporary files away or write its state; a second one ends the process at once. */
#ifndef HEADRACE_CLI_STOP_H
#define HEADRACE_CLI_STOP_H

#include <stdbool.h>

/* From now on they are noted; one that the caller of the command ignores (nohup) stays ignored. */
void stop_watch(void);

bool stop_asked(void);

/* Ends the process by the signal that asked, so that a shell sees what ended it. Returns if none has. */
void stop_die(void);

#endif
