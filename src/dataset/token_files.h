/* What a dataset is to those who read it: files of tokens, the parts of them that are the stream,
   and where their documents lie.

   Lookups are O(log parts). Everything here is constant once the dataset is open, so any number
   of threads may read it. Mappings may raise SIGBUS when a file shrinks; whoever reads through
   `map`, `documents.map` or `loss.map` guards them (the functions declared here that read tokens use pread
   and need no guard). */
#ifndef HEADRACE_DATASET_TOKEN_FILES_H
#define HEADRACE_DATASET_TOKEN_FILES_H

#include "headrace/dataset.h"
#include "text/text_file.h"

/* How a file keeps its document boundaries. */
typedef enum token_boundaries {
  TOKENS_NO_BOUNDARIES,
  TOKENS_ONE_DOCUMENT, /* the file is a document */
  TOKENS_ENDS,         /* u64 exclusive ends, in tokens of the file */
  TOKENS_MEGATRON,     /* i64 sequence numbers [count + 1], i64 byte offsets [sequences] */
  TOKENS_SEQUENCES,    /* i64 byte offsets [sequences]: each sequence is a document */
  TOKENS_BLOCKS        /* TOKENS_BLOCK tokens each: of a subset, where there is nothing else to choose by */
} token_boundaries;

enum { TOKENS_BLOCK = 4096 };

typedef struct token_documents {
  token_boundaries kind;
  uint64_t count;
  bool
      assumed; /* ONE_DOCUMENT because other files of the stream have boundaries, or BLOCKS: the file has none */
  const uint8_t *entries; /* ENDS: the ends; MEGATRON: the sequence numbers. Unaligned, inside map */
  const uint8_t *offsets; /* MEGATRON, SEQUENCES: of each sequence in the token file, in bytes; behind their
                             lengths, u32 */
  uint64_t sequences;     /* MEGATRON, SEQUENCES */
  const uint8_t
      *map; /* the mapping that holds them: an index file, a temporary one, or the caller's memory */
  size_t map_bytes;
  bool borrowed; /* the caller's memory */
} token_documents;

/* What the companion PATH.metadata says of a file of tokens, see token_metadata.h. */
typedef struct token_metadata {
  bool there;     /* otherwise nothing is said */
  uint32_t width; /* bytes of a token: 1, 2, 4 or 8 */
  uint64_t tokens;
  bool stamped;
  uint64_t stamp;
} token_metadata;

/* How the loss mask of a file's tokens is kept. */
typedef enum token_loss_kind {
  TOKEN_LOSS_NONE,
  TOKEN_LOSS_BYTES, /* a byte a token */
  TOKEN_LOSS_BITS   /* a bit a token, the lowest of a byte first */
} token_loss_kind;

/* Which tokens of a file are to be learnt: those whose entry is not 0. */
typedef struct token_loss {
  token_loss_kind kind;
  const uint8_t *entries; /* of the file's first token on, inside map: byte i, or bit i % 8 of byte i / 8 */
  const uint8_t *map;     /* also with BATCH_IO_READ; NULL when there are no tokens */
  size_t map_bytes;
  int fd;     /* of what is mapped; looked at only with a kind; -1: it is the caller's memory */
  char *path; /* for messages; NULL: a temporary file or memory, whose messages speak of the tokens' */
} token_loss;

typedef struct token_file {
  char *path; /* of the tokens: for messages */
  int fd;     /* of the tokens (of a nameless temporary file where they were tokenized); -1: borrowed */
  batch_format format;
  bool compressed, tokenized;
  token_metadata metadata;
  batch_token_type type;
  uint32_t width; /* bytes of a token: batch_token_type_size(type) */
  bool borrowed;  /* tokens, and loss mask if any, are the caller's memory: map is it, in whatever pages */
  const uint8_t *map;   /* the whole token file, page-aligned; NULL with BATCH_IO_READ or when empty */
  size_t map_bytes;     /* bytes of the token file, also when map is NULL */
  uint64_t data_offset; /* bytes from the start of the file to its first token; with .npy not always
                           a multiple of width: load tokens with memcpy */
  uint64_t tokens;
  token_documents documents;
  token_loss loss;
  size_t first_part;       /* of the stream: its parts go on to the next file's first one */
  uint64_t bad_lines;      /* .jsonl: passed over */
  const char *compression; /* "zstd", "gzip", or NULL */
} token_file;

/* What the text room is told of a file of text. */
static inline text_file token_file_text(const token_file *file) {
  return (text_file){file->path, file->fd, file->format == BATCH_FORMAT_JSONL, file->compressed};
}

/* A stretch of a file, whole documents where any are known, that is in the stream. */
typedef struct token_part {
  const token_file *file;
  uint64_t first_token; /* in the stream */
  uint64_t tokens;
  uint64_t skipped;        /* tokens of the file before it */
  uint64_t first_document; /* in the stream */
  uint64_t documents;
  uint64_t skipped_documents; /* of the file, before it */
} token_part;

typedef struct token_files {
  token_file *files; /* [count], in the order of the stream */
  size_t count;
  token_part *parts; /* [num_parts], in the order of the stream: one a file unless some of it is left out */
  size_t num_parts;  /* those without tokens are among them */
  uint64_t tokens;
  uint64_t documents; /* 0: no boundaries known */
  uint32_t width;     /* of the widest token */
} token_files;

/* The dataset's files. Lives as long as the dataset. */
const token_files *dataset_token_files(const BatchDataset *dataset);

/* The part that holds a token of the stream; token < s->tokens. What comes next in the stream is in the parts behind
   it. */
const token_part *token_files_find(const token_files *s, uint64_t token);

/* Document `index` < s->documents as tokens of the stream. Always start <= end <= tokens, also
   when an index file was overwritten meanwhile. Gives up, see guard.h, when the index has another end than
   when it was opened. */
void token_files_document(const token_files *s, uint64_t index, uint64_t *start, uint64_t *end);

/* The number of the document that holds a token: the only non-empty one. Needs documents > 0 and
   token < s->tokens. O(log documents). */
uint64_t token_files_document_of(const token_files *s, uint64_t token);

/* Where `count` >= 1 documents of a file from `first` on lie, in tokens of the file: always start <= end <= tokens, and gives
   up as token_files_document. */
void token_file_documents(const token_file *file, uint64_t first, uint64_t count, uint64_t *start,
                          uint64_t *end);

/* Where a token of a file lies, counted from the file's own first one, for whoever has the file. A byte of a temporary
   file of tokens says nothing about the text that was tokenized into it. Returns place. */
const char *token_file_place(const token_file *file, uint64_t index, char place[96]);

/* Where a token of the stream lies in the file of its part, counted from the file's own first one. */
static inline uint64_t token_part_index(const token_part *part, uint64_t token) {
  return token - part->first_token + part->skipped;
}

/* Reads tokens of one file, [first, first + count) counted from its own first one, as they are
   stored: out has count * width bytes. pread: no signal, but from the caller's memory. */
bool token_file_read_raw(const token_file *file, uint64_t first, size_t count, void *out);

#endif
