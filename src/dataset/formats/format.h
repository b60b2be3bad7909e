/* The formats: what each is called and told by, how it is read, and how it is written. Each is in the file of its
   name; detect.c finds which one a file is in. */
#ifndef HEADRACE_DATASET_FORMATS_FORMAT_H
#define HEADRACE_DATASET_FORMATS_FORMAT_H

#include "base/file.h"
#include "dataset/out_file.h"
#include "dataset/token_files.h"

/* When a .metadata is written beside tokens, see token_metadata.h. */
typedef enum format_metadata {
  METADATA_NEVER,      /* the tokens have a header that tells everything */
  METADATA_IF_MISREAD, /* an index tells the type: when the file would not be read as what it is */
  METADATA_IF_UNTOLD,  /* also when the name does not tell the type */
  METADATA_ALWAYS
} format_metadata;

enum { FORMAT_HEADER = 1024 }; /* bytes of the longest header that is written */

/* How tokens are written: the header in front of them, and the companion that holds their documents. */
typedef struct format_output {
  batch_token_type types[8]; /* the first two, or one, are chosen without request; DEFAULT ends the list */
  format_metadata metadata;
  const char *suffix;        /* of the token file: put behind a name that lacks it */
  const char *index;         /* in its place the name of the companion; NULL: documents are not written */
  uint64_t most_tokens;      /* of a file; 0: any */
  uint64_t longest_document; /* in tokens; 0: any */
  size_t header_bytes;
  void (*put_header)(uint8_t *header, batch_token_type type, uint64_t tokens); /* into zeros */
  bool (*write_index)(out_file *index, batch_token_type type, const token_documents *ends);
} format_output;

/* open is given a token_file whose path, fd, map_bytes (the file's size), format and compressed are set, and sets
   type, data_offset, tokens and documents; Megatron and tokenized text put another file (fd, map_bytes, path) in its
   place. dataset.c does the rest: width, mapping, place in the stream. On failure what was put into the file stays
   there, and is released with it. */
typedef struct format_kind {
  const char *name;
  const char *magic; /* that a file begins with; may be NULL */
  size_t magic_bytes;
  bool (*open)(token_file *file, const batch_dataset_options *options);
  const format_output *output; /* NULL: it is not written */
} format_kind;

extern const format_kind format_headerless, format_datatrove, format_llmc_gpt2, format_llmc_llama3,
    format_megatron, format_npy, format_text, format_jsonl;

/* NULL for AUTO and for what is no format. */
const format_kind *format_of(batch_format number);

/* Text and .jsonl. */
bool format_is_text(batch_format number);

/* Opens the file of this path, sets map_bytes, and finds format and compression from its bytes, then its name. */
bool format_detect(token_file *file, batch_format wanted);

/* The format that a file's name alone tells; AUTO if it tells none. Shared with the writer. */
batch_format format_by_name(const char *path);

/* Tokens from data_offset to the end of the file; a file that ends inside a token is refused. */
bool format_tokens_to_end(token_file *file, batch_token_type type);

#endif
