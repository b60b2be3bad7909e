/* From what the caller names (files, directories, glob patterns) to files in order. */
#ifndef HEADRACE_DATASET_PATHS_H
#define HEADRACE_DATASET_PATHS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

typedef struct path_entry {
  char *path;
  size_t origin; /* which of the caller's paths it comes from */
  bool listed;   /* found in a directory or by a pattern, not named */
  dev_t device;  /* which file it is, whatever its name; of an .idx: its .bin */
  ino_t inode;
} path_entry;

typedef struct path_list {
  path_entry *entries;
  size_t count, capacity;
} path_list;

/* Expands paths [n] of a call of `function` into *list, which must be zeroed; on failure it is to be freed all the
   same. */
bool paths_expand(const char *function, const char *const *paths, size_t n, path_list *list);

/* The last step of that: drops the companions of files of the list and second names within a listing, and
   refuses other companions and files that are there twice. */
bool paths_settle(path_list *list);

void paths_free(path_list *list);

#endif
