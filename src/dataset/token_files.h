/* What a dataset is to those who read it: files of tokens, sorted by their place in the
   stream, and where their documents lie.

   Lookups are O(log files). Everything here is constant once the dataset is open, so any number
   of threads may read it. Mappings may raise SIGBUS when a file shrinks; whoever reads through
   `map` or `documents.map` guards them (the functions declared here that read tokens use pread
   and need no guard). */
#ifndef HEADRACE_DATASET_TOKEN_FILES_H
#define HEADRACE_DATASET_TOKEN_FILES_H

#include "headrace/dataset.h"
#include "text/text_reader.h"

/* How a file keeps its document boundaries. */
typedef enum source_boundaries {
  SOURCE_NO_BOUNDARIES,
  SOURCE_ONE_DOCUMENT, /* the file is a document */
  SOURCE_ENDS,         /* u64 exclusive ends, in tokens of the file */
  SOURCE_MEGATRON,     /* i64 sequence numbers [count + 1], i64 byte offsets [sequences] */
  SOURCE_SEQUENCES     /* i64 byte offsets [sequences]: each sequence is a document */
} source_boundaries;

typedef struct source_documents {
  source_boundaries kind;
  uint64_t count;
  bool assumed;           /* ONE_DOCUMENT only because other files of the stream have boundaries */
  uint64_t first;         /* number of the file's first document in the stream */
  const uint8_t *entries; /* ENDS: the ends; MEGATRON: the sequence numbers. Unaligned, inside map */
  const uint8_t *offsets; /* MEGATRON, SEQUENCES: of each sequence in the token file, in bytes; behind their
                             lengths, u32 */
  uint64_t sequences;     /* MEGATRON, SEQUENCES */
  const uint8_t *map;     /* the mapping that holds them: an index file or a temporary one */
  size_t map_bytes;
} source_documents;

/* What the companion PATH.metadata says of a file of tokens, see token_metadata.h. */
typedef struct token_metadata {
  bool there;     /* otherwise nothing is said */
  uint32_t width; /* bytes of a token: 1, 2, 4 or 8 */
  uint64_t tokens;
  bool stamped;
  uint64_t stamp;
} token_metadata;

typedef struct source_file {
  char *path; /* of the tokens: for messages */
  int fd;     /* of the tokens (of a nameless temporary file where they were tokenized) */
  batch_format format;
  bool compressed, tokenized;
  token_metadata metadata;
  batch_token_type type;
  uint32_t width;       /* bytes of a token: batch_token_type_size(type) */
  const uint8_t *map;   /* the whole token file, page-aligned; NULL with BATCH_IO_READ or when empty */
  size_t map_bytes;     /* bytes of the token file, also when map is NULL */
  uint64_t data_offset; /* bytes from the start of the file to its first token; with .npy not always
                           a multiple of width: load tokens with memcpy */
  uint64_t first_token; /* in the stream */
  uint64_t tokens;
  source_documents documents;
  uint64_t bad_lines;      /* .jsonl: passed over */
  const char *compression; /* "zstd", "gzip", or NULL */
} source_file;

/* What the text room is told of a file of text. */
static inline text_file source_text(const source_file *file) {
  return (text_file){file->path, file->fd, file->format == BATCH_FORMAT_JSONL, file->compressed};
}

typedef struct source {
  source_file *files; /* [count], by first_token; files without tokens are among them */
  size_t count;
  uint64_t tokens;
  uint64_t documents; /* 0: no boundaries known */
  uint32_t width;     /* of the widest token */
} source;

/* The dataset's files. Lives as long as the dataset. */
const source *dataset_source(const BatchDataset *dataset);

/* The file that holds a token of the stream; token < source->tokens. */
const source_file *source_find(const source *s, uint64_t token);

/* Document `index` < source->documents as tokens of the stream. Always start <= end <= tokens, also
   when an index file was overwritten meanwhile. Gives up, see guard.h, when the index has another end than
   when it was opened. */
void source_document(const source *s, uint64_t index, uint64_t *start, uint64_t *end);

/* The number of the document that holds a token: the only non-empty one. Needs documents > 0 and
   token < source->tokens. O(log documents). */
uint64_t source_document_of(const source *s, uint64_t token);

/* Where a token of a file lies, counted from the file's own first one, for whoever has the file. A byte of a temporary
   file of tokens says nothing about the text that was tokenized into it. Returns place. */
const char *source_place(const source *s, const source_file *file, uint64_t index, char place[96]);

/* Reads tokens of one file, [first, first + count) counted from its own first one, as they are
   stored: out has count * width bytes. pread: no signal. */
bool source_read_raw(const source_file *file, uint64_t first, size_t count, void *out);

#endif
