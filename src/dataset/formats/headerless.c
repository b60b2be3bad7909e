/* Headerless tokens, and datatrove's .ds with the ends of its documents in .ds.index. */
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/token_type.h"

bool format_tokens_to_end(source_file *file, batch_token_type type) {
  uint32_t width = batch_token_type_size(type);
  uint64_t bytes = file->map_bytes - file->data_offset;
  file->type = type;
  file->tokens = bytes / width;
  return bytes % width == 0 ||
         format_fail(file->path, file->data_offset,
                     "found %" PRIu64 " bytes of tokens, expected a multiple of %" PRIu32 " (tokens are %s)",
                     bytes, width, batch_token_type_name(type));
}

static bool agree(const source_file *file, batch_token_type one, const char *who, batch_token_type other,
                  const char *whose) {
  return !one || !other || batch_token_type_size(one) == batch_token_type_size(other) ||
         format_fail(file->path, 0, "found %s as %s says, expected %s as %s says", batch_token_type_name(one),
                     who, batch_token_type_name(other), whose);
}

/* The caller's word, the companion's, the name's, else u16; where two of them speak they must agree. */
static bool find_type(const source_file *file, const batch_dataset_options *options, batch_token_type *type) {
  static const char companion[] = "its .metadata";
  batch_token_type said = options->token_type, by_name = token_type_of_name(file->path),
                   by_metadata = token_type_of_width(file->metadata.width);
  *type = said ? said : by_name ? by_name : by_metadata ? by_metadata : BATCH_TOKEN_U16;
  return agree(file, by_metadata, companion, said, "options.token_type") &&
         agree(file, by_name, "the name", said, "options.token_type") &&
         agree(file, by_metadata, companion, by_name, "the name");
}

bool format_headerless_open(source_file *file, const batch_dataset_options *options) {
  batch_token_type type;
  return find_type(file, options, &type) && format_tokens_to_end(file, type);
}

/* Every entry at least the one before: chunk by chunk, with pread. */
static bool check_ends(int fd, const char *path, uint64_t count, uint64_t *last) {
  enum { CHUNK = 4096 };
  uint8_t raw[CHUNK * 8];
  *last = 0;
  for (uint64_t first = 0; first < count; first += CHUNK) {
    size_t n = count - first < CHUNK ? (size_t)(count - first) : CHUNK;
    if (!file_read_at(fd, path, first * 8, raw, n * 8)) return false;
    for (size_t i = 0; i < n; i++) {
      uint64_t end = load_u64(raw + i * 8);
      if (end < *last)
        return format_fail(path, (first + i) * 8,
                           "found %" PRIu64 " as the end of document %" PRIu64 ", expected at least %" PRIu64,
                           end, first + i, *last);
      *last = end;
    }
  }
  return true;
}

/* The index does not name the token type: its last end and the file's size do. */
static batch_token_type type_by_size(uint64_t bytes, uint64_t tokens) {
  if (bytes / 2 == tokens && bytes % 2 == 0) return BATCH_TOKEN_U16;
  if (bytes / 4 == tokens && bytes % 4 == 0) return BATCH_TOKEN_U32;
  return BATCH_TOKEN_DEFAULT;
}

static bool open_index(source_file *file, const batch_dataset_options *options, int fd, const char *path,
                       uint64_t bytes) {
  uint64_t last, count = bytes / 8;
  if (bytes % 8 != 0)
    return format_fail(path, 0, "found a file of %" PRIu64 " bytes, expected a multiple of 8", bytes);
  if (!check_ends(fd, path, count, &last)) return false;
  batch_token_type type = type_by_size(file->map_bytes, last);
  if (!type)
    return format_fail(path, bytes >= 8 ? bytes - 8 : 0,
                       "found %" PRIu64
                       " as the end of the last document, expected half or a quarter of the %" PRIu64
                       " bytes of the .ds file",
                       last, (uint64_t)file->map_bytes);
  if (file->map_bytes == 0 && options->token_type) type = options->token_type;
  file->type = type;
  file->tokens = last;
  file->documents = (source_documents){.kind = SOURCE_ENDS, .count = count};
  if (count == 0) return true;
  file->documents.map = file->documents.entries = file_map(fd, path, bytes);
  file->documents.map_bytes = (size_t)bytes;
  return file->documents.map != NULL;
}

bool format_datatrove_open(source_file *file, const batch_dataset_options *options) {
  char *path = path_make("%s.index", file->path);
  int fd;
  uint64_t bytes;
  bool good = path && file_open(path, &fd, &bytes);
  if (good) {
    good = open_index(file, options, fd, path, bytes);
    close(fd);
  }
  free(path);
  return good;
}
