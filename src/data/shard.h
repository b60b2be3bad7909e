/* One shard being written: the token file, and the companion that holds its documents where the
   format has one. */
#ifndef HEADRACE_DATA_SHARD_H
#define HEADRACE_DATA_SHARD_H

#include "data/out_file.h"

typedef struct shard {
  batch_format format;
  batch_token_type type;
  out_file tokens;
  out_file ends; /* u64 document ends, nameless; closed where the format has no documents */
  uint64_t token_count, document_count;
} shard;

/* path: of the token file. An existing file is an error unless `overwrite`. */
bool shard_open(shard *s, const char *path, batch_format format, batch_token_type type, bool overwrite);

bool shard_tokens(shard *s, const uint32_t *ids, size_t count);
bool shard_end_document(shard *s);

/* Makes the shard whole, waits for the disk, gives it its name. */
bool shard_publish(shard *s, bool overwrite);

/* Removes what was not published. Fine when closed. */
void shard_close(shard *s);

#endif
