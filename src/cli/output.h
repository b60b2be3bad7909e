/* Where a command writes: the standard output, or a file that is written aside and takes its name when it is whole.

   Usage:
       output out;
       if ((status = output_open(&out, command, path, force)) != CLI_OK) return status;
       output_write(&out, data, bytes) ...
       status = output_finish(&out);     or output_drop(&out) */
#ifndef HEADRACE_CLI_OUTPUT_H
#define HEADRACE_CLI_OUTPUT_H

#include "cli.h"

typedef struct output {
  const char *command, *path; /* path NULL: the standard output */
  char *real, *aside;         /* behind links; the file being written, beside it */
  bool force, failed;
  bool passing; /* it will be replaced soon: it is not flushed to the disk */
  FILE *file;
  int fd; /* of the file */
  uint64_t bytes;
} output;

/* Not NULL or "-", the standard output. */
bool output_is_file(const char *path);

/* Whether two names are those of one file, there or not: of one folder, however that is written. */
bool output_is_same(const char *path, const char *other);

/* What is there must be a regular file, and is only replaced by force; a link
   stays, and its file is replaced. Returns the exit status. */
int output_open(output *out, const char *command, const char *path, bool force);

/* False: it could not be written; output_finish says why. */
bool output_write(output *out, const void *data, size_t bytes);

/* Writes what is left, and gives the file its name. Who reads the standard output may have enough before the end:
   then the process ends as one does that writes into a closed pipe. Returns the exit status. */
int output_finish(output *out);

/* Takes back what was written aside. Fine after output_finish. */
void output_drop(output *out);

#endif
