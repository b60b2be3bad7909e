/* Streams that no signal interrupts: the C library's own drop what a call of write did not take.

   Usage:
       stream_take_standard();            first of all
       ... printf, fprintf(stderr) ...
       if (fflush(stdout) != 0 || ferror(stdout)) errno is stream_errno(), and says why */
#ifndef HEADRACE_CLI_STREAM_H
#define HEADRACE_CLI_STREAM_H

#include <stdio.h>

/* Such streams in the places of stdout, by lines on a terminal, and of stderr, unbuffered. What they are is left as it is
   where there is no memory, and by musl, whose stdout and stderr are constants. */
void stream_take_standard(void);

/* A stream that writes to `fd`, and closes it in the end. NULL: there is none, errno says why, and fd is open. */
FILE *stream_open(int fd);

/* Why the first write of stdout failed, which others may have followed; else errno. */
int stream_errno(void);

#endif
