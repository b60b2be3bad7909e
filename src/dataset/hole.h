/* Holes: reads of a mapping behind which the file has become shorter, see guard.h. */
#ifndef HEADRACE_DATASET_HOLE_H
#define HEADRACE_DATASET_HOLE_H

#include "base/fault.h"
#include "dataset/token_files.h"

/* A guard_owns over one source: whether an address lies in a mapping of its tokens or documents. */
bool hole_in_source(const void *source_context, const void *address);

/* Writes the fault that reading `address` is; false when it does not belong to the source. */
bool hole_report(const source *s, const void *address, fault *why);

/* Runs body(context), which reads boundaries of documents and only computes, in the calling thread. Sets an error
   when one cannot be read. */
bool hole_guarded(const source *s, void (*body)(void *context), void *context);

#endif
