/* Passes over tokens through pread: reading, ranges of ids, fingerprints, documents by a separator. */
#ifndef HEADRACE_DATASET_SCAN_H
#define HEADRACE_DATASET_SCAN_H

#include "dataset/token_files.h"

/* Is given count ids that begin at token `first` of the file; false stops. */
typedef bool (*scan_visitor)(void *context, const source_file *file, uint64_t first, const int64_t *ids,
                             size_t count);

/* Shows tokens [start, start + count) of the stream to the visitor, piece by piece. */
bool scan_stream(const source *s, uint64_t start, uint64_t count, scan_visitor visitor, void *context);

/* What batch_dataset_fingerprint answers for these files. */
bool scan_fingerprint(const source *s, uint64_t *fingerprint);

/* Finds the documents of a file without boundaries by its end-of-text id. directory: for the
   temporary file that holds their ends; may be NULL. */
bool scan_documents(source_file *file, batch_separator separator, int32_t end_of_text, const char *directory);

/* The i-th of n >= 2 places evenly spread over 0 to last, without overflow. */
static inline uint64_t scan_place(uint64_t last, uint64_t i, uint64_t n) {
  return last / (n - 1) * i + last % (n - 1) * i / (n - 1);
}

#endif
