/* One shard being written: the token file, and the companions that say what it does not: its documents
   (Megatron, datatrove), the width of its tokens (datatrove, headerless where the name does not), which of them are not
   to be learnt (a byte a token, where the run has such). */
#ifndef HEADRACE_DATASET_WRITER_SHARD_H
#define HEADRACE_DATASET_WRITER_SHARD_H

#include "dataset/out_file.h"
#include "dataset/writer/staging.h"

typedef struct shard {
  batch_format format;
  const struct format_output *output; /* of the format */
  batch_token_type type;
  const staging *place;
  char *name; /* of the token file */
  out_file tokens;
  out_file ends;            /* u64 document ends; closed where the format has no documents */
  out_file index, metadata; /* companions; closed where there is none */
  out_file loss;            /* another one: closed until shard_begin_loss */
  uint64_t token_count, document_count;
  uint64_t last_end; /* of the last document, in tokens */
} shard;

#define SHARD_CLOSED                                                                                         \
  ((shard){.tokens = OUT_FILE_CLOSED,                                                                        \
           .ends = OUT_FILE_CLOSED,                                                                          \
           .index = OUT_FILE_CLOSED,                                                                         \
           .metadata = OUT_FILE_CLOSED,                                                                      \
           .loss = OUT_FILE_CLOSED})

/* Whether a token file of this name and type is to have a companion. */
bool shard_needs_companion(const char *name, batch_format format, batch_token_type type);

/* Begins the files of a shard in place->fresh. place, with its names, is borrowed. */
bool shard_open(shard *s, const staging *place, const char *name, batch_format format, batch_token_type type);

/* Begins the companion with the loss mask. The tokens that are there are to be learnt. */
bool shard_begin_loss(shard *s);

/* loss: [count], 0: not to be learnt; written if its companion was begun. NULL: all are. */
bool shard_tokens(shard *s, const int32_t *ids, const uint8_t *loss, size_t count);
bool shard_end_document(shard *s);

/* Makes the files whole, waits for the disk, closes them: they are ready to be published. */
bool shard_seal(shard *s);

/* Fine when closed. */
void shard_close(shard *s);

#endif
