/* datatrove: tokens in a .ds, and beside it the ends of their documents in .ds.index, u64, in tokens. */
#include <stdlib.h>
#include <unistd.h>

#include "base/path.h"
#include "dataset/formats/format.h"

/* Every entry at least the one before: chunk by chunk, with pread. */
static bool check_ends(int fd, const char *path, uint64_t count, uint64_t *last) {
  enum { CHUNK = 1024 };
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

static bool open_index(token_file *file, const batch_dataset_options *options, int fd, const char *path,
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
  file->documents = (token_documents){.kind = TOKENS_ENDS, .count = count};
  if (count == 0) return true;
  file->documents.map = file->documents.entries = file_map(fd, path, bytes);
  file->documents.map_bytes = (size_t)bytes;
  return file->documents.map != NULL;
}

static bool open_datatrove(token_file *file, const batch_dataset_options *options) {
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

static bool write_index(out_file *index, batch_token_type type, const token_documents *ends) {
  (void)type;
  return out_write(index, ends->entries, (size_t)(8 * ends->count));
}

static const format_output output = {.types = {BATCH_TOKEN_U16, BATCH_TOKEN_U32},
                                     .metadata = METADATA_ALWAYS,
                                     .suffix = ".ds",
                                     .index = ".ds.index",
                                     .write_index = write_index};

const format_kind format_datatrove = {.name = "datatrove", .open = open_datatrove, .output = &output};
