/* A small file that is written whole: aside, flushed to the disk and renamed, so that whatever happens the old one
   or the new one is there. */
#ifndef HEADRACE_BASE_REPLACE_H
#define HEADRACE_BASE_REPLACE_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the file `path`. A link is followed, and the mode of a file that is there is kept. What is there must be a
   regular file that is empty or begins with the `begin_bytes` of `begin`: a name given by mistake may be of data, and
   is refused, as what is no `what` ("a loader's state"). Signals of this thread wait meanwhile, since one that ends the
   process would leave the new file aside. Errors name the path. */
bool replace_file(const char *path, const void *data, size_t bytes, const char *what, const void *begin,
                  size_t begin_bytes);

#endif
