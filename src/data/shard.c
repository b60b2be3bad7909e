#include "data/shard.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "data/file.h"
#include "data/format.h"
#include "data/paths.h"

static bool has_documents(batch_format format) {
  return format == BATCH_FORMAT_MEGATRON || format == BATCH_FORMAT_DATATROVE;
}

static bool is_llmc(batch_format format) {
  return format == BATCH_FORMAT_LLMC_GPT2 || format == BATCH_FORMAT_LLMC_LLAMA3;
}

static bool open_parts(shard *s, const char *path) {
  static const uint8_t room[LLMC_HEADER_BYTES];
  if (!out_open(&s->tokens, path)) return false;
  if (is_llmc(s->format) && !out_write(&s->tokens, room, sizeof room)) return false;
  if (!has_documents(s->format)) return true;
  const char *slash = strrchr(path, '/');
  char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
  bool good = directory ? out_open_nameless(&s->ends, directory)
                        : error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for its directory", path);
  free(directory);
  return good;
}

bool shard_open(shard *s, const char *path, batch_format format, batch_token_type type, bool overwrite) {
  *s = (shard){format, type, OUT_FILE_CLOSED, OUT_FILE_CLOSED, 0, 0};
  if (!overwrite && access(path, F_OK) == 0)
    return error_fail(BATCH_IO_ERROR, "%.700s: exists, expected a new file (overwrite is not set)", path);
  if (open_parts(s, path)) return true;
  shard_close(s);
  return false;
}

bool shard_tokens(shard *s, const uint32_t *ids, size_t count) {
  if (is_llmc(s->format) && count > INT32_MAX - s->token_count)
    return error_fail(BATCH_OVERFLOW,
                      "%.700s: more than %" PRId32
                      " tokens, expected no more in a shard of llm.c: write several",
                      s->tokens.path, INT32_MAX);
  s->token_count += count;
  return out_write_tokens(&s->tokens, s->type, ids, count);
}

bool shard_end_document(shard *s) {
  s->document_count++;
  return s->ends.fd < 0 || out_write_u64(&s->ends, s->token_count);
}

static void put_u32(uint8_t *to, uint32_t value) {
  memcpy(to, &value, sizeof value);
}

static size_t llmc_header(const shard *s, uint8_t *header) {
  if (!is_llmc(s->format)) return 0;
  const llmc_kind *kind = &llmc_kinds[s->format == BATCH_FORMAT_LLMC_LLAMA3];
  put_u32(header, kind->magic);
  put_u32(header + 4, kind->version);
  put_u32(header + 8, (uint32_t)s->token_count);
  return 12;
}

static bool write_megatron_header(const shard *s, out_file *index) {
  uint64_t version = 1;
  uint8_t code = megatron_code(s->type);
  return out_write(index, MEGATRON_MAGIC, MEGATRON_MAGIC_BYTES) && out_write_u64(index, version) &&
         out_write(index, &code, 1) && out_write_u64(index, s->document_count) &&
         out_write_u64(index, s->document_count + 1);
}

/* A document is a sequence: lengths, offsets, and the boundaries 0, 1, 2 and so on. */
static bool write_megatron_index(const shard *s, const source_documents *d, out_file *index) {
  uint64_t width = batch_token_type_size(s->type), before = 0;
  if (!write_megatron_header(s, index)) return false;
  for (uint64_t i = 0; i < d->count; i++) {
    uint64_t end = load_u64(d->entries + 8 * i), length = end - before;
    uint32_t stored = (uint32_t)length;
    if (length > INT32_MAX)
      return error_fail(BATCH_OVERFLOW,
                        "%.700s: a document of %" PRIu64 " tokens, expected at most %" PRId32
                        " in a Megatron index",
                        index->path, length, INT32_MAX);
    if (!out_write(index, &stored, sizeof stored)) return false;
    before = end;
  }
  for (uint64_t i = 0; i < d->count; i++)
    if (!out_write_u64(index, i == 0 ? 0 : load_u64(d->entries + 8 * (i - 1)) * width)) return false;
  for (uint64_t i = 0; i <= d->count; i++)
    if (!out_write_u64(index, i)) return false;
  return true;
}

static bool write_companion(shard *s, out_file *companion) {
  source_documents ends = {0};
  bool good = out_map_ends(&s->ends, &ends);
  if (good && s->format == BATCH_FORMAT_MEGATRON) good = write_megatron_index(s, &ends, companion);
  if (good && s->format == BATCH_FORMAT_DATATROVE)
    good = out_write(companion, ends.entries, (size_t)(8 * ends.count));
  file_unmap(ends.map, ends.map_bytes);
  return good;
}

static char *companion_path(const shard *s) {
  const char *path = s->tokens.path;
  if (s->format == BATCH_FORMAT_DATATROVE) return path_replace_suffix(path, "", ".index");
  return path_replace_suffix(path, ".bin", ".idx");
}

/* The companion first: a token file without it would pass for headerless. What is overwritten
   goes before that: new companions never stand beside old tokens. */
static bool publish_pair(shard *s, bool overwrite) {
  char *path = companion_path(s);
  out_file companion = OUT_FILE_CLOSED;
  bool good = path ? out_open(&companion, path)
                   : error_fail(BATCH_OUT_OF_MEMORY, "%.700s: no memory for its index", s->tokens.path);
  good = good && write_companion(s, &companion) && out_seal(&companion, NULL, 0);
  if (good && overwrite) unlink(s->tokens.path);
  good = good && out_publish(&companion, overwrite) && out_publish(&s->tokens, overwrite);
  out_close(&companion);
  free(path);
  return good;
}

bool shard_publish(shard *s, bool overwrite) {
  uint8_t header[12];
  if (!out_seal(&s->tokens, header, llmc_header(s, header))) return false;
  return has_documents(s->format) ? publish_pair(s, overwrite) : out_publish(&s->tokens, overwrite);
}

void shard_close(shard *s) {
  out_close(&s->tokens);
  out_close(&s->ends);
}
