/* llm.c shards: int32[256] of header, then the tokens. */
#include "dataset/formats/format.h"

const llmc_kind llmc_kinds[2] = {
    {BATCH_FORMAT_LLMC_GPT2, 20240520, 1, BATCH_TOKEN_U16},
    {BATCH_FORMAT_LLMC_LLAMA3, 20240801, 7, BATCH_TOKEN_U32},
};

static bool check_word(const source_file *file, const uint8_t *header, uint32_t index, const char *what,
                       uint32_t expected) {
  uint32_t found = load_u32(header + 4 * (size_t)index);
  return found == expected ||
         format_fail(file->path, 4 * index, "found %" PRIu32 " as the %s, expected %" PRIu32 " (%s)", found,
                     what, expected, batch_format_name(file->format));
}

bool format_llmc_open(source_file *file, const batch_dataset_options *options) {
  (void)options;
  const llmc_kind *kind = &llmc_kinds[file->format == BATCH_FORMAT_LLMC_LLAMA3];
  uint8_t header[12];
  if (file->map_bytes < LLMC_HEADER_BYTES)
    return format_fail(file->path, 0, "found a file of %zu bytes, expected at least the %d of a header",
                       file->map_bytes, LLMC_HEADER_BYTES);
  if (!file_read_at(file->fd, file->path, 0, header, sizeof header)) return false;
  if (!check_word(file, header, 0, "magic", kind->magic) ||
      !check_word(file, header, 1, "version", kind->version))
    return false;
  file->type = kind->type;
  file->data_offset = LLMC_HEADER_BYTES;
  file->tokens = load_u32(header + 8);
  uint64_t expected = LLMC_HEADER_BYTES + file->tokens * batch_token_type_size(kind->type);
  return file->map_bytes == expected ||
         format_fail(file->path, 8,
                     "found %" PRIu64 " tokens in a file of %zu bytes, expected %" PRIu64 " bytes",
                     file->tokens, file->map_bytes, expected);
}
