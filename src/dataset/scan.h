/* Passes over tokens through pread: reading, ranges of ids, fingerprints, documents by a separator. */
#ifndef HEADRACE_DATASET_SCAN_H
#define HEADRACE_DATASET_SCAN_H

#include "dataset/token_files.h"

/* What batch_dataset_fingerprint answers for these files. */
bool scan_fingerprint(const token_files *s, uint64_t *fingerprint);

/* The same of a file by itself, of which fd, path, data_offset, type and tokens are looked at. */
bool scan_file_fingerprint(const token_file *file, uint64_t *fingerprint);

/* A hash of its number of tokens and 64 of them: what a file is known by whatever its name and format. */
bool scan_file_sample(const token_file *file, uint64_t *hash);

/* A hash of the number of documents and where 256 of them lie, evenly spread; 0 without
   boundaries. What rests on documents mixes it into the dataset's fingerprint. Reads guarded; sets an
   error. */
bool scan_documents_fingerprint(const token_files *s, uint64_t *fingerprint);

/* Finds the documents of a file without boundaries by its end-of-text id. directory: for the
   temporary file that holds their ends; may be NULL. */
bool scan_documents(token_file *file, batch_separator separator, int32_t end_of_text, const char *directory);

#endif
