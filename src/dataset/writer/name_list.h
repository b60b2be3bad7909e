/* The names in a directory, in the order in which files come into their places: companions, then token
   files, each in byte order. */
#ifndef HEADRACE_DATASET_WRITER_NAME_LIST_H
#define HEADRACE_DATASET_WRITER_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct name_list {
  char **names;
  size_t count, capacity;
} name_list;

typedef bool (*name_filter)(const void *context, const char *name);

/* Lists what is in an open directory and passes the filter (NULL: everything) into *list, which must be
   zeroed; to be freed also after a failure. path: for messages. */
bool name_list_read(name_list *list, int directory, const char *path, name_filter filter,
                    const void *context);

void name_list_free(name_list *list);

#endif
