/* glob(3) that hides nothing: what could not be read on the way to the matches is an error. */
#ifndef HEADRACE_DATASET_PATH_GLOB_H
#define HEADRACE_DATASET_PATH_GLOB_H

#include <glob.h>
#include <stdbool.h>

/* Finds the names that a pattern without braces matches, in no order; none is no error. On success the
   caller calls globfree. */
bool path_glob(const char *pattern, glob_t *found);

/* Is given a pattern without braces, or a name; false stops. */
typedef bool (*path_visitor)(void *context, const char *pattern);

/* Shows the visitor a{b,c} as ab and ac, in this order. */
bool path_braces(const char *pattern, path_visitor visitor, void *context);

#endif
