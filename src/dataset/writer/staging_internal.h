/* Shared by the files of staging. */
#ifndef HEADRACE_DATASET_WRITER_STAGING_INTERNAL_H
#define HEADRACE_DATASET_WRITER_STAGING_INTERNAL_H

#include <sys/stat.h>

#include "dataset/writer/name_list.h"
#include "dataset/writer/staging.h"

enum { SHOWN = 1024 }; /* bytes of a name or a sentence that is shown */

/* The directories in the hidden one, see staging.h. */
#define PART_FRESH "new"
#define PART_READY "ready"
#define PART_OLD   "old"
#define PART_GONE  "gone"

#define HIDDEN_SUFFIX ".headrace"

/* A new string: what the hidden directory for an output of this name is called; NULL, with an error set, when
   out of memory. */
char *staging_hidden_name(const char *name);

/* errno, about a call on an entry of the output's directory; about one on the hidden directory. */
bool staging_entry_fail(const staging *s, const char *entry, const char *call);
bool staging_hidden_fail(const staging *s, const char *call);

void staging_close_fd(int *fd);
int staging_open_directory(int at, const char *name);
bool staging_same_file(const struct stat *a, const struct stat *b);

/* Makes and locks the hidden directory. */
bool staging_claim(staging *s);

/* Ends what a run began that was killed, and removes the rest of it. */
bool staging_recover(staging *s);

bool part_make(const staging *s, const char *part);
bool part_open(const staging *s, const char *part, int *fd);
bool part_rename(const staging *s, const char *from, const char *to);
bool part_remove(const staging *s, const char *part);

/* Removes a part that should be empty; what is in it all the same stays. */
bool part_remove_empty(const staging *s, const char *part);

/* As rename, but never over what is there. */
int staging_rename_new(int from, int to, const char *name);

/* Moves files; when one fails, those before it are taken back. */
bool staging_move_all(staging *s, int from, int to, const name_list *list);

/* Takes back the moves of the first `count` names, last one first. */
void staging_move_back(staging *s, int from, int to, const name_list *list, size_t count);

/* Adds to the error at hand that a file could not be put back. */
void staging_add_stuck(staging *s, const char *name);

#endif
