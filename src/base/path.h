/* Names of files taken apart and put together. Nobody looks whether there is such a file. */
#ifndef HEADRACE_BASE_PATH_H
#define HEADRACE_BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* The bytes before the name of the file: the directory with its slash; 0: there is none. */
size_t path_directory_bytes(const char *path);

/* The part behind the last slash. */
const char *path_name(const char *path);

bool path_ends_with(const char *path, const char *suffix);

/* A new string, as printf writes it; NULL, with an error set, when out of memory. */
__attribute__((format(printf, 1, 2))) char *path_make(const char *format, ...);

/* A new string: path with its suffix (which it has) replaced; NULL, with an error set, when out of memory. */
char *path_replace_suffix(const char *path, const char *suffix, const char *replacement);

#endif
