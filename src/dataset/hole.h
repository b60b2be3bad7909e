/* Holes: reads of a mapping behind which the file has become shorter, see guard.h. */
#ifndef HEADRACE_DATASET_HOLE_H
#define HEADRACE_DATASET_HOLE_H

#include "base/fault.h"
#include "dataset/token_files.h"

/* A guard_owns over token_files: whether an address lies in a mapping of their tokens, documents or loss
   masks. */
bool hole_in_token_files(const void *files, const void *address);

/* Writes the fault that reading `address` is; false when it does not belong to them. */
bool hole_report(const token_files *s, const void *address, fault *why);

/* Runs body(context), which reads boundaries of documents and only computes, in the calling thread. Sets an error
   when one cannot be read. */
bool hole_guarded(const token_files *s, void (*body)(void *context), void *context);

#endif
