/* A loader's state as a file. */
#ifndef HEADRACE_CLI_STATE_FILE_H
#define HEADRACE_CLI_STATE_FILE_H

#include "cli.h"

/* Both say in the name of `command` what is wrong, and return the exit status. */
int state_file_read(const char *command, const char *path, batch_loader_state *state);

/* Written aside, flushed to the disk and renamed: whatever happens, the old state or the new one is
   there. A link is followed; what is no regular file, or has something else than a state in it, is refused. */
int state_file_write(const char *command, const char *path, const batch_loader_state *state);

/* Whether state_file_write could write there, asked before a run that takes hours. */
int state_file_check(const char *command, const char *path);

#endif
