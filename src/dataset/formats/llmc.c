/* llm.c shards: int32[256] of header (magic, version, number of tokens, zeros), then the tokens. */
#include <string.h>

#include "dataset/formats/format.h"

enum { HEADER_BYTES = 1024 };

typedef struct llmc_kind {
  uint32_t magic, version;
  batch_token_type type;
} llmc_kind;

static const llmc_kind gpt2 = {20240520, 1, BATCH_TOKEN_U16}, llama3 = {20240801, 7, BATCH_TOKEN_U32};

static bool check_word(const token_file *file, const uint8_t *header, uint32_t index, const char *what,
                       uint32_t expected) {
  size_t at = 4 * (size_t)index;
  uint32_t found = load_u32(header + at);
  return found == expected ||
         format_fail(file->path, at, "found %" PRIu32 " as the %s, expected %" PRIu32 " (%s)", found, what,
                     expected, batch_format_name(file->format));
}

static bool open_llmc(token_file *file, const batch_dataset_options *options) {
  (void)options;
  const llmc_kind *kind = file->format == BATCH_FORMAT_LLMC_LLAMA3 ? &llama3 : &gpt2;
  uint8_t header[12];
  if (file->map_bytes < HEADER_BYTES)
    return format_fail(file->path, 0, "found a file of %zu bytes, expected at least the %d of a header",
                       file->map_bytes, HEADER_BYTES);
  if (!file_read_at(file->fd, file->path, 0, header, sizeof header)) return false;
  if (!check_word(file, header, 0, "magic", kind->magic) ||
      !check_word(file, header, 1, "version", kind->version))
    return false;
  file->type = kind->type;
  file->data_offset = HEADER_BYTES;
  file->tokens = load_u32(header + 8);
  uint64_t expected = HEADER_BYTES + file->tokens * batch_token_type_size(kind->type);
  return file->map_bytes == expected ||
         format_fail(file->path, 8,
                     "found %" PRIu64 " tokens in a file of %zu bytes, expected %" PRIu64 " bytes",
                     file->tokens, file->map_bytes, expected);
}

static void put_header(uint8_t *header, batch_token_type type, uint64_t tokens) {
  const llmc_kind *kind = type == gpt2.type ? &gpt2 : &llama3;
  const uint32_t words[] = {kind->magic, kind->version, (uint32_t)tokens};
  memcpy(header, words, sizeof words);
}

static const format_output gpt2_output = {.types = {BATCH_TOKEN_U16},
                                          .suffix = "",
                                          .most_tokens = INT32_MAX,
                                          .header_bytes = HEADER_BYTES,
                                          .put_header = put_header};

static const format_output llama3_output = {.types = {BATCH_TOKEN_U32},
                                            .suffix = "",
                                            .most_tokens = INT32_MAX,
                                            .header_bytes = HEADER_BYTES,
                                            .put_header = put_header};

const format_kind format_llmc_gpt2 = {"llm.c GPT-2", (const char *)&gpt2.magic, sizeof gpt2.magic, open_llmc,
                                      &gpt2_output};
const format_kind format_llmc_llama3 = {"llm.c Llama 3", (const char *)&llama3.magic, sizeof llama3.magic,
                                        open_llmc, &llama3_output};
