/* The formats: one function each that checks a file and says where its tokens and documents are.

   Each is given a source_file whose path, fd, map_bytes (the file's size), format and compressed are
   set, and sets type, data_offset, tokens and documents; Megatron and tokenized text put another
   file (fd, map_bytes, path) in its place. dataset.c does the rest: width, mapping, place in the
   stream. On failure what they have put into the file is released by source_file_close. */
#ifndef HEADRACE_DATASET_FORMATS_FORMAT_H
#define HEADRACE_DATASET_FORMATS_FORMAT_H

#include "base/file.h"
#include "dataset/token_files.h"

/* Finds format and compression of an open file from its bytes, then its name. */
bool format_detect(source_file *file, batch_format wanted);

/* The format that a file's name alone tells; AUTO if it tells none. Shared with the writer. */
batch_format format_by_name(const char *path);

bool format_headerless_open(source_file *file, const batch_dataset_options *options);
bool format_datatrove_open(source_file *file, const batch_dataset_options *options);
bool format_llmc_open(source_file *file, const batch_dataset_options *options);
bool format_megatron_open(source_file *file, const batch_dataset_options *options);
bool format_npy_open(source_file *file, const batch_dataset_options *options);
bool format_text_open(source_file *file, const batch_dataset_options *options); /* and .jsonl */

/* Tokens from data_offset to the end of the file; a file that ends inside a token is refused. */
bool format_tokens_to_end(source_file *file, batch_token_type type);

/* Closes and unmaps what is open, frees the path. */
void source_file_close(source_file *file);

/* llm.c: what tells a shard, and what it then must be. Shared with the writer. */
#define LLMC_HEADER_BYTES 1024
typedef struct llmc_kind {
  batch_format format;
  uint32_t magic, version;
  batch_token_type type;
} llmc_kind;
extern const llmc_kind llmc_kinds[2];

#define MEGATRON_MAGIC        "MMIDIDX\0" /* 9 bytes with the terminating zero */
#define MEGATRON_MAGIC_BYTES  9
#define MEGATRON_HEADER_BYTES 34

/* The code of a token type in a Megatron index; 0 if it has none. */
uint8_t megatron_code(batch_token_type type);

#endif
