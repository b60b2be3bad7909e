/* How large the files of a published shard are: a token file and the companions that it has. */
#ifndef HEADRACE_DATASET_WRITER_SHARD_SIZES_H
#define HEADRACE_DATASET_WRITER_SHARD_SIZES_H

#include "dataset/writer/staging.h"

enum { SHARD_FILES = 5 }; /* at most */

#define SHARD_NO_FILE UINT64_MAX

typedef struct shard_sizes {
  uint64_t bytes[SHARD_FILES]; /* SHARD_NO_FILE: it has not this one */
} shard_sizes;

/* Of the files of shard `number` in place->fresh. */
bool shard_sizes_read(const staging *place, uint64_t number, shard_sizes *sizes);

/* Holds them against the files in the output's directory. *there: they are as they should be; otherwise none is there.
   BATCH_ERROR_IO: some are, or are of another size. */
bool shard_sizes_check(const staging *place, uint64_t number, const shard_sizes *sizes, bool *there);

/* The error of a shard that is not there. */
bool shard_sizes_missing(const staging *place, uint64_t number, const shard_sizes *sizes);

#endif
