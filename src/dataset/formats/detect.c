/* Which format a file is in: its first bytes, then its name, then whether it looks like text. */
#include <stdlib.h>
#include <string.h>

#include "base/foreign.h"
#include "base/path.h"
#include "base/utf8.h"
#include "dataset/formats/format.h"
#include "dataset/token_metadata.h"
#include "dataset/token_type.h"
#include "text/byte_stream.h"
#include "text/jsonl.h"

enum { LOOK = 4096 }; /* bytes that must look like text */

typedef struct named_format {
  const char *suffix;
  batch_format format;
} named_format;

static const named_format names[] = {
    {".bin", BATCH_FORMAT_HEADERLESS}, {".ds", BATCH_FORMAT_HEADERLESS}, {".idx", BATCH_FORMAT_MEGATRON},
    {".npy", BATCH_FORMAT_NPY},        {".jsonl", BATCH_FORMAT_JSONL},   {".ndjson", BATCH_FORMAT_JSONL},
    {".txt", BATCH_FORMAT_TEXT},       {".md", BATCH_FORMAT_TEXT},
};

/* A path without the suffix that says how it is compressed. */
typedef struct stem {
  const char *path;
  size_t length;
  bool compressed;
} stem;

/* Not tolower: in Turkish the small letter of I is none of ASCII's. */
static char small_letter(char letter) {
  return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

static bool stem_ends_with(const stem *s, const char *suffix) {
  size_t tail = strlen(suffix), i = 0;
  if (s->length < tail) return false;
  const char *end = s->path + s->length - tail;
  while (i < tail && small_letter(end[i]) == suffix[i]) i++;
  return i == tail;
}

static stem stem_of(const char *path) {
  static const char *const suffixes[] = {".zst", ".zstd", ".gz"};
  stem s = {path, strlen(path), false};
  for (size_t i = 0; !s.compressed && i < sizeof suffixes / sizeof *suffixes; i++) {
    s.compressed = stem_ends_with(&s, suffixes[i]);
    if (s.compressed) s.length -= strlen(suffixes[i]);
  }
  return s;
}

static batch_format by_name(const stem *s) {
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (stem_ends_with(s, names[i].suffix)) return names[i].format;
  return !s->compressed && token_type_of_name(s->path) ? BATCH_FORMAT_HEADERLESS : BATCH_FORMAT_AUTO;
}

batch_format format_by_name(const char *path) {
  stem s = stem_of(path);
  return s.compressed ? BATCH_FORMAT_TEXT : by_name(&s);
}

static bool has_companion(const char *path, const char *suffix, const char *replacement, bool *there) {
  struct stat status;
  *there = false;
  if (!path_ends_with(path, suffix)) return true;
  char *companion = path_replace_suffix(path, suffix, replacement);
  bool good = companion && file_look_up(companion, &status, there);
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
static bool tokens_by_metadata(token_file *file) {
  if (!by_companion(file->path, &file->format)) return false;
  if (!file->format) file->format = BATCH_FORMAT_HEADERLESS;
  return true;
}

static batch_format by_magic(const uint8_t *head, size_t bytes) {
  for (batch_format i = BATCH_FORMAT_HEADERLESS; format_of(i); i++) {
    const format_kind *f = format_of(i);
    if (f->magic && bytes >= f->magic_bytes && memcmp(head, f->magic, f->magic_bytes) == 0) return i;
  }
  return BATCH_FORMAT_AUTO;
}

/* By two or three bytes, or a skippable frame, only what is not said to be tokens is taken as compressed. */
static bool is_compressed(const stem *s, batch_format said, const uint8_t *head, size_t bytes) {
  bool certain = bytes >= 4 && load_u32(head) == 0xFD2FB528;
  return byte_stream_kind_of(head, bytes) != BYTES_PLAIN &&
         (certain || s->compressed || format_is_text(said) || !said);
}

/* The first bytes of what is inside a compressed file. */
static bool read_inside(const token_file *file, uint8_t *head, size_t *bytes) {
  byte_stream stream;
  size_t got;
  *bytes = 0;
  bool good = byte_stream_open(&stream, file->path, file->fd, true);
  while (good && *bytes < LOOK && !stream.ended) {
    good = byte_stream_read(&stream, head + *bytes, LOOK - *bytes, &got);
    *bytes += got;
  }
  byte_stream_close(&stream);
  return good;
}

static bool foreign(const token_file *file, const char *name) {
  return format_fail(file->path, 0,
                     "found %s%s, expected tokens or text; if it is one of them all the same say the format "
                     "(options.format, --format headerless or text)",
                     name, file->compressed ? " in the compressed data" : "");
}

static bool in_doubt(const token_file *file, const char *found) {
  return format_fail(
      file->path, 0,
      "found %s, expected .jsonl (an object a line) or text: if it is one of them, say its format "
      "(options.format, --format)",
      found);
}

/* What does not say it by its name: .jsonl, text, or nothing that is certain. */
static bool by_content(token_file *file, const stem *s, const uint8_t *head, size_t bytes) {
  size_t mark = bytes >= 3 && memcmp(head, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  switch (jsonl_look_at((const char *)head + mark, bytes - mark)) {
  case JSONL_LINES:
    file->format = BATCH_FORMAT_JSONL;
    return true;
  case JSONL_OTHER:
    return in_doubt(file, "JSON objects, but not one a line");
  case JSONL_ARRAY:
    return in_doubt(file, "a JSON array");
  case JSONL_NO:
    break;
  }
  if (stem_ends_with(s, ".json") && bytes > 0) return in_doubt(file, "no JSON object in the first line");
  file->format = BATCH_FORMAT_TEXT;
  return utf8_is_text(head, bytes, bytes == LOOK) ||
         format_fail(file->path, 0,
                     "found no format that is known here (neither its first bytes nor its name tell, and it "
                     "is not text), expected one, or that the caller says it");
}

/* Text or .jsonl, named as that or not named at all. */
static bool find_text(token_file *file, const stem *s, const uint8_t *head, size_t bytes) {
  const char *name = foreign_name(head, bytes);
  if (name) return foreign(file, name);
  return (file->format = by_name(s)) || by_content(file, s, head, bytes);
}

static bool find_inside(token_file *file, const stem *s) {
  uint8_t head[LOOK];
  size_t bytes;
  batch_format named = by_name(s);
  if (named && !format_is_text(named))
    return format_fail(file->path, 0,
                       "found a compressed file of tokens (%s by its name), expected text or .jsonl: "
                       "decompress it first",
                       batch_format_name(named));
  return read_inside(file, head, &bytes) && find_text(file, s, head, bytes);
}

static bool find(token_file *file, const stem *s, const uint8_t *head, size_t bytes) {
  if ((file->format = by_magic(head, bytes))) return true;
  if (file->compressed) return find_inside(file, s);
  const char *name = foreign_name_certain(head, bytes);
  if (name) return foreign(file, name);
  if (!by_companion(file->path, &file->format)) return false;
  if (file->format) return true;
  batch_format named = by_name(s);
  if (!named || format_is_text(named)) return find_text(file, s, head, bytes);
  file->format = named;
  return true;
}

/* A name that ends in .zst or .gz is believed, so that a damaged file is not taken for text, even by a caller who
   says that it is text: under this name that is said of what is inside. */
static bool check_suffix(const token_file *file, const stem *s) {
  return file->compressed || !s->compressed ||
         format_fail(file->path, 0, "found no magic of zstd or gzip, expected it by the name");
}

bool format_detect(token_file *file, batch_format wanted) {
  uint8_t head[LOOK];
  size_t bytes;
  uint64_t size;
  stem s = stem_of(file->path);
  if (!file_open(file->path, &file->fd, &size)) return false;
  file->map_bytes = (size_t)size;
  if (!file_read_some(file->fd, file->path, 0, head, sizeof head, &bytes) ||
      !token_metadata_read(file->path, &file->metadata))
    return false;
  file->format = wanted;
  if (!wanted && file->metadata.there) return tokens_by_metadata(file);
  if (wanted && !format_is_text(wanted)) return true;
  file->compressed = is_compressed(&s, wanted ? wanted : by_name(&s), head, bytes);
  if (file->compressed) file->compression = byte_stream_kind_of(head, bytes) == BYTES_GZIP ? "gzip" : "zstd";
  return check_suffix(file, &s) && (wanted || find(file, &s, head, bytes));
}
