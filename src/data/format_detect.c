/* Which format a file is in: its first bytes, then its name, then whether it looks like text. */
#include <stdlib.h>
#include <string.h>

#include "data/format.h"
#include "data/paths.h"
#include "data/token_metadata.h"
#include "data/token_type.h"
#include "data/utf8.h"

enum { LOOK = 4096 }; /* bytes that must look like text */

typedef struct named_format {
  const char *suffix;
  batch_format format;
} named_format;

static const named_format names[] = {
    {".bin", BATCH_FORMAT_HEADERLESS}, {".ds", BATCH_FORMAT_HEADERLESS}, {".idx", BATCH_FORMAT_MEGATRON},
    {".npy", BATCH_FORMAT_NPY},        {".jsonl", BATCH_FORMAT_JSONL},   {".ndjson", BATCH_FORMAT_JSONL},
    {".txt", BATCH_FORMAT_TEXT},       {".md", BATCH_FORMAT_TEXT},       {".zst", BATCH_FORMAT_TEXT},
};

static batch_format by_name(const char *path) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (path_ends_with(path, names[i].suffix)) return names[i].format;
  return token_type_of_name(path) ? BATCH_FORMAT_HEADERLESS : BATCH_FORMAT_AUTO;
}

static bool has_companion(const char *path, const char *suffix, const char *replacement, bool *there) {
  struct stat status;
  *there = false;
  if (!path_ends_with(path, suffix)) return true;
  char *companion = path_replace_suffix(path, suffix, replacement);
  if (!companion) return error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for the path of its index", path);
  bool good = file_look_up(companion, &status, there);
  *there = *there && S_ISREG(status.st_mode);
  free(companion);
  return good;
}

static bool by_companion(const char *path, batch_format *found) {
  bool trove, megatron;
  if (!has_companion(path, ".ds", ".ds.index", &trove) || !has_companion(path, ".bin", ".idx", &megatron))
    return false;
  *found = trove ? BATCH_FORMAT_DATATROVE : megatron ? BATCH_FORMAT_MEGATRON : BATCH_FORMAT_AUTO;
  return true;
}

/* A .metadata says that these are tokens, whatever their first bytes and their name look like. */
static bool tokens_by_metadata(source_file *file) {
  if (!by_companion(file->path, &file->format)) return false;
  if (!file->format) file->format = BATCH_FORMAT_HEADERLESS;
  file->compressed = false;
  return true;
}

static batch_format by_magic(const uint8_t *head, size_t bytes) {
  if (bytes >= 6 && memcmp(head, "\x93NUMPY", 6) == 0) return BATCH_FORMAT_NPY;
  if (bytes >= MEGATRON_MAGIC_BYTES && memcmp(head, MEGATRON_MAGIC, MEGATRON_MAGIC_BYTES) == 0)
    return BATCH_FORMAT_MEGATRON;
  for (size_t i = 0; bytes >= 4 && i < 2; i++)
    if (load_u32(head) == llmc_kinds[i].magic) return llmc_kinds[i].format;
  return BATCH_FORMAT_AUTO;
}

/* A zstd frame, or at its start a skippable one in a file that is named as zstd. */
static bool is_zstd(const char *path, const uint8_t *head, size_t bytes) {
  if (bytes < 4) return false;
  uint32_t magic = load_u32(head);
  return magic == 0xFD2FB528 || ((magic & ~UINT32_C(15)) == 0x184D2A50 && path_ends_with(path, ".zst"));
}

static batch_format inside_zstd(const char *path) {
  return path_ends_with(path, ".jsonl.zst") || path_ends_with(path, ".ndjson.zst") ? BATCH_FORMAT_JSONL
                                                                                   : BATCH_FORMAT_TEXT;
}

/* UTF-8 without control characters other than white space; its last character may be cut off. */
static bool looks_like_text(const uint8_t *head, size_t bytes) {
  for (size_t i = 0; i < bytes;) {
    utf8_step step = utf8_next(head + i, bytes - i);
    if (!step.valid) return step.truncated && bytes == LOOK;
    if (step.code < 32 && !(step.code >= '\t' && step.code <= '\r')) return false;
    i += step.bytes;
  }
  return true;
}

static bool find(source_file *file, const uint8_t *head, size_t bytes) {
  if (file->metadata.there) return tokens_by_metadata(file);
  batch_format found = by_magic(head, bytes);
  if (!found && !format_refuse_foreign(file, head, bytes)) return false;
  if (!found && file->compressed) found = inside_zstd(file->path);
  if (!found && !by_companion(file->path, &found)) return false;
  if (!found) found = by_name(file->path);
  if (!found && looks_like_text(head, bytes)) found = BATCH_FORMAT_TEXT;
  file->format = found;
  return found ||
         format_fail(
             file->path, 0,
             "found no format that is known here (neither its %s), expected one, or that the caller says it",
             "first bytes nor its name tell, and it is not text");
}

bool format_detect(source_file *file, batch_format wanted) {
  uint8_t head[LOOK];
  size_t bytes;
  if (!file_read_some(file->fd, file->path, 0, head, sizeof head, &bytes) ||
      !token_metadata_read(file->path, &file->metadata))
    return false;
  file->compressed = is_zstd(file->path, head, bytes);
  file->format = wanted;
  if (!wanted && !find(file, head, bytes)) return false;
  if (file->format != BATCH_FORMAT_TEXT && file->format != BATCH_FORMAT_JSONL) file->compressed = false;
  bool named = !wanted && !file->metadata.there && path_ends_with(file->path, ".zst");
  return file->compressed || !named || file->map_bytes == 0 ||
         format_fail(file->path, 0, "found 0x%08" PRIX32 ", expected 0x%08" PRIX32 ", the magic of zstd",
                     load_u32(head), UINT32_C(0xFD2FB528));
}
