/* What readers ask of a staging directory: whether files are just being replaced, or stand half replaced
   since a run was killed between two renames. Then a listing would lack some of them without a word. */
#ifndef HEADRACE_DATASET_WRITER_STAGING_WATCH_H
#define HEADRACE_DATASET_WRITER_STAGING_WATCH_H

#include <stdbool.h>

/* Refuses what was found by listing the directory that `path` is in, whatever is replaced there. */
bool staging_watch_listing(const char *path);

/* Refuses a token file that was named, when the run that owns it is replacing its files. */
bool staging_watch_file(const char *path);

#endif
