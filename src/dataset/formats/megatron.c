/* Megatron index, version 1: .idx beside .bin. The index is checked chunk by chunk with pread, then
   mapped. The sequences must stand in the .bin one after the other, as every writer leaves them:
   that makes the .bin the stream. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/token_metadata.h"

enum { CHUNK = 1024, /* entries checked at a time */ MAGIC_BYTES = 9, HEADER_BYTES = 34 };

static const char magic[MAGIC_BYTES] = "MMIDIDX\0";

typedef struct megatron_index {
  char *path;
  int fd;
  uint64_t bytes;
  uint64_t sequences, boundaries;
  uint64_t lengths_at, offsets_at, documents_at; /* bytes into the index */
  batch_token_type type;
  uint32_t width;
  uint64_t tokens; /* of the sequences checked so far */
} megatron_index;

static const struct {
  const char *name;
  batch_token_type type;
} codes[] = {
    {"0", BATCH_TOKEN_DEFAULT},   {"u8", BATCH_TOKEN_U8},       {"i8", BATCH_TOKEN_I8},
    {"i16", BATCH_TOKEN_I16},     {"i32", BATCH_TOKEN_I32},     {"i64", BATCH_TOKEN_I64},
    {"f64", BATCH_TOKEN_DEFAULT}, {"f32", BATCH_TOKEN_DEFAULT}, {"u16", BATCH_TOKEN_U16},
};

static bool check_magic(const megatron_index *index, const uint8_t *head, size_t got) {
  if (got < HEADER_BYTES)
    return format_fail(index->path, 0, "found a file of %zu bytes, expected at least the %d of a header", got,
                       HEADER_BYTES);
  if (memcmp(head, magic, MAGIC_BYTES) != 0)
    return format_fail(index->path, 0, "found 0x%016" PRIX64 ", expected the magic MMIDIDX", load_u64(head));
  uint64_t version = load_u64(head + 9);
  return version == 1 || format_fail(index->path, 9, "found version %" PRIu64 ", expected 1", version);
}

static bool read_type(megatron_index *index, uint8_t code) {
  bool known = code < sizeof codes / sizeof *codes;
  index->type = known ? codes[code].type : BATCH_TOKEN_DEFAULT;
  index->width = batch_token_type_size(index->type);
  return index->type ||
         format_fail(index->path, 17, "found type code %d (%s), expected an integer: 1 to 5 or 8", code,
                     known ? codes[code].name : "unknown");
}

/* Newer writers append one mode byte a sequence. */
static bool place_arrays(megatron_index *index) {
  uint64_t lengths, documents, expected = HEADER_BYTES;
  bool good = !__builtin_mul_overflow(index->sequences, 12, &lengths) &&
              !__builtin_mul_overflow(index->boundaries, 8, &documents) &&
              !__builtin_add_overflow(expected, lengths, &expected) &&
              !__builtin_add_overflow(expected, documents, &expected);
  if (!good ||
      (index->bytes != expected && (index->bytes < expected || index->bytes - expected != index->sequences)))
    return format_fail(index->path, 18,
                       "found %" PRIu64 " sequences and %" PRIu64 " document boundaries in a file of %" PRIu64
                       " bytes, expected %" PRIu64 " bytes",
                       index->sequences, index->boundaries, index->bytes, good ? expected : UINT64_MAX);
  index->lengths_at = HEADER_BYTES;
  index->offsets_at = index->lengths_at + 4 * index->sequences;
  index->documents_at = index->offsets_at + 8 * index->sequences;
  return true;
}

static bool read_header(megatron_index *index) {
  uint8_t head[HEADER_BYTES];
  size_t got;
  if (!file_read_some(index->fd, index->path, 0, head, sizeof head, &got)) return false;
  if (!check_magic(index, head, got) || !read_type(index, head[17])) return false;
  index->sequences = load_u64(head + 18);
  index->boundaries = load_u64(head + 26);
  return place_arrays(index);
}

/* One sequence: a length that is not negative, at the offset where the one before ends, inside the .bin. */
static bool check_sequence(megatron_index *index, uint64_t number, int32_t length, uint64_t offset,
                           uint64_t bin_bytes) {
  uint64_t expected = index->tokens * index->width;
  if (length < 0)
    return format_fail(index->path, index->lengths_at + 4 * number,
                       "found %" PRId32 " as the length of sequence %" PRIu64 ", expected none below 0",
                       length, number);
  if (offset != expected)
    return format_fail(index->path, index->offsets_at + 8 * number,
                       "found %" PRIu64 " as the offset of sequence %" PRIu64 ", expected %" PRIu64
                       ", where the one before ends",
                       offset, number, expected);
  if ((uint64_t)length * index->width > bin_bytes - offset)
    return format_fail(index->path, index->lengths_at + 4 * number,
                       "found sequence %" PRIu64 " of %" PRId32 " tokens at offset %" PRIu64
                       ", expected it inside the .bin of %" PRIu64 " bytes",
                       number, length, offset, bin_bytes);
  index->tokens += (uint64_t)length;
  return true;
}

/* The same for n of them at once, without saying what is wrong: index->tokens moves on if nothing is. */
static bool sequences_fit(megatron_index *index, const uint8_t *lengths, const uint8_t *offsets, size_t n,
                          uint64_t bin_bytes) {
  uint64_t expected = index->tokens * index->width, wrong = 0;
  for (size_t i = 0; i < n; i++) {
    int32_t length;
    uint64_t offset;
    memcpy(&length, lengths + 4 * i, sizeof length);
    memcpy(&offset, offsets + 8 * i, sizeof offset);
    wrong |= (offset ^ expected) | (uint64_t)(length < 0);
    expected += (uint64_t)(int64_t)length * index->width;
  }
  if (wrong || expected > bin_bytes) return false;
  index->tokens = expected / index->width;
  return true;
}

static bool check_sequences(megatron_index *index, uint64_t bin_bytes) {
  uint8_t lengths[4 * CHUNK], offsets[8 * CHUNK];
  for (uint64_t first = 0; first < index->sequences; first += CHUNK) {
    size_t n = index->sequences - first < CHUNK ? (size_t)(index->sequences - first) : CHUNK;
    if (!file_read_at(index->fd, index->path, index->lengths_at + 4 * first, lengths, 4 * n) ||
        !file_read_at(index->fd, index->path, index->offsets_at + 8 * first, offsets, 8 * n))
      return false;
    if (sequences_fit(index, lengths, offsets, n, bin_bytes)) continue;
    for (size_t i = 0; i < n; i++)
      if (!check_sequence(index, first + i, (int32_t)load_u32(lengths + 4 * i), load_u64(offsets + 8 * i),
                          bin_bytes))
        return false;
  }
  return true;
}

/* One boundary: from 0 to the number of sequences, never back. A single one is where some mergers stop. */
static bool check_boundary(const megatron_index *index, uint64_t number, uint64_t found, uint64_t last) {
  bool first = number == 0, final = !first && number + 1 == index->boundaries;
  uint64_t least = final ? index->sequences : last, most = first ? 0 : index->sequences;
  return (found >= least && found <= most) || format_fail(index->path, index->documents_at + 8 * number,
                                                          "found %" PRIu64 " as document boundary %" PRIu64
                                                          " of %" PRIu64 ", expected %" PRIu64 " to %" PRIu64,
                                                          found, number, index->boundaries, least, most);
}

static bool check_boundaries(const megatron_index *index) {
  uint8_t raw[8 * CHUNK];
  uint64_t last = 0;
  for (uint64_t first = 0; first < index->boundaries; first += CHUNK) {
    size_t n = index->boundaries - first < CHUNK ? (size_t)(index->boundaries - first) : CHUNK;
    if (!file_read_at(index->fd, index->path, index->documents_at + 8 * first, raw, 8 * n)) return false;
    for (size_t i = 0; i < n; i++) {
      uint64_t found = load_u64(raw + 8 * i);
      if (!check_boundary(index, first + i, found, last)) return false;
      last = found;
    }
  }
  return true;
}

static bool check_index(megatron_index *index, const token_file *bin) {
  if (!check_sequences(index, bin->map_bytes) || !check_boundaries(index)) return false;
  uint64_t expected = index->tokens * index->width;
  return bin->map_bytes == expected ||
         format_fail(bin->path, 0,
                     "found a file of %zu bytes, expected %" PRIu64 ": the %" PRIu64 " tokens of %.200s",
                     bin->map_bytes, expected, index->tokens, index->path);
}

/* D boundaries are D - 1 documents; in an index without, as gpt-neox's merger leaves it, a sequence is one. */
static bool map_documents(token_file *bin, const megatron_index *index) {
  bool bounded = index->boundaries > 1;
  if (!bounded && index->sequences == 0) return true;
  const uint8_t *map = file_map(index->fd, index->path, index->bytes);
  if (!map) return false;
  bin->documents = (token_documents){.kind = bounded ? TOKENS_MEGATRON : TOKENS_SEQUENCES,
                                     .count = bounded ? index->boundaries - 1 : index->sequences,
                                     .entries = map + index->documents_at,
                                     .offsets = map + index->offsets_at,
                                     .sequences = index->sequences,
                                     .map = map,
                                     .map_bytes = (size_t)index->bytes};
  return true;
}

static bool open_pair(token_file *bin, megatron_index *index) {
  if (!read_header(index) || !check_index(index, bin)) return false;
  bin->type = index->type;
  bin->tokens = index->tokens;
  return map_documents(bin, index);
}

/* The caller named the .idx: what is open so far is the index, the .bin takes its place. */
static bool swap_for_bin(token_file *file, char *bin_path) {
  int fd;
  uint64_t bytes;
  if (!file_open(bin_path, &fd, &bytes)) {
    free(bin_path);
    return false;
  }
  close(file->fd);
  free(file->path);
  file->path = bin_path;
  file->fd = fd;
  file->map_bytes = (size_t)bytes;
  return token_metadata_read(bin_path, &file->metadata);
}

static bool find_pair(token_file *file, char **index_path) {
  bool named_index = path_ends_with(file->path, ".idx"), named_bin = path_ends_with(file->path, ".bin");
  if (!named_index && !named_bin)
    return format_fail(file->path, 0,
                       "found a Megatron index or its tokens under this name, expected it to end in .idx or "
                       ".bin");
  *index_path = named_index ? path_make("%s", file->path) : path_replace_suffix(file->path, ".bin", ".idx");
  char *bin_path = named_index ? path_replace_suffix(file->path, ".idx", ".bin") : NULL;
  if (*index_path && bin_path) return swap_for_bin(file, bin_path);
  free(bin_path);
  return *index_path && !named_index;
}

static bool open_megatron(token_file *file, const batch_dataset_options *options) {
  (void)options;
  megatron_index index = {0};
  bool good = find_pair(file, &index.path) && file_open(index.path, &index.fd, &index.bytes);
  if (good) {
    good = open_pair(file, &index);
    close(index.fd);
  }
  free(index.path);
  return good;
}

static uint8_t code_of(batch_token_type type) {
  uint8_t code = 1;
  while (codes[code].type != type) code++;
  return code;
}

static bool write_header(out_file *index, batch_token_type type, uint64_t documents) {
  uint8_t code = code_of(type);
  return out_write(index, magic, MAGIC_BYTES) && out_write_u64(index, 1) && out_write(index, &code, 1) &&
         out_write_u64(index, documents) && out_write_u64(index, documents + 1);
}

/* A document is a sequence: lengths, offsets, and the boundaries 0, 1, 2 and so on. */
static bool write_index(out_file *index, batch_token_type type, const token_documents *ends) {
  uint64_t width = batch_token_type_size(type), before = 0;
  if (!write_header(index, type, ends->count)) return false;
  for (uint64_t i = 0; i < ends->count; i++) {
    uint64_t end = load_u64(ends->entries + 8 * i);
    uint32_t length = (uint32_t)(end - before); /* format_output.longest_document */
    if (!out_write(index, &length, sizeof length)) return false;
    before = end;
  }
  for (uint64_t i = 0; i < ends->count; i++)
    if (!out_write_u64(index, i == 0 ? 0 : load_u64(ends->entries + 8 * (i - 1)) * width)) return false;
  for (uint64_t i = 0; i <= ends->count; i++)
    if (!out_write_u64(index, i)) return false;
  return true;
}

static const format_output output = {.types = {BATCH_TOKEN_U16, BATCH_TOKEN_I32, BATCH_TOKEN_U8,
                                               BATCH_TOKEN_I8, BATCH_TOKEN_I16, BATCH_TOKEN_I64},
                                     .metadata = METADATA_IF_MISREAD,
                                     .suffix = ".bin",
                                     .index = ".idx",
                                     .longest_document = INT32_MAX,
                                     .write_index = write_index};

const format_kind format_megatron = {"Megatron", magic, MAGIC_BYTES, open_megatron, &output};
