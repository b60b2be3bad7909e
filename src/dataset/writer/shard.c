#include "dataset/writer/shard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/token_type.h"
#include "dataset/writer/metadata.h"

static bool has_documents(batch_format format) {
  return format == BATCH_FORMAT_MEGATRON || format == BATCH_FORMAT_DATATROVE;
}

static bool is_llmc(batch_format format) {
  return format == BATCH_FORMAT_LLMC_GPT2 || format == BATCH_FORMAT_LLMC_LLAMA3;
}

/* A headerless file is found by its name and taken for u16, unless the name or the companion says more. */
static bool needs_metadata(const char *name, batch_format format, batch_token_type type) {
  if (format != BATCH_FORMAT_HEADERLESS) return format == BATCH_FORMAT_DATATROVE;
  batch_token_type told = token_type_of_name(name);
  return format_by_name(name) != BATCH_FORMAT_HEADERLESS || (told ? told : BATCH_TOKEN_U16) != type;
}

bool shard_needs_companion(const char *name, batch_format format, batch_token_type type) {
  return has_documents(format) || needs_metadata(name, format, type);
}

/* What replaces a file is as private as that one from its first byte on. */
static bool open_one(shard *s, out_file *out, const char *name) {
  char shown[1024];
  output_shown(s->place->names, name, shown, sizeof shown);
  return out_open(out, s->place->fresh, name, shown) && staging_inherit(s->place, name, out->fd);
}

/* suffix: in the place of which of the token file's name */
static bool open_companion(shard *s, out_file *out, const char *suffix, const char *replacement) {
  char *name = path_replace_suffix(s->name, suffix, replacement);
  bool good = name && open_one(s, out, name);
  free(name);
  return good;
}

static bool unlink_begun(const shard *s, const char *name) {
  return unlinkat(s->place->fresh, name, 0) == 0 || file_fail(s->tokens.path, "unlink a temporary file");
}

/* A file that loses its name at once: it goes with its descriptor. */
static bool open_ends(shard *s) {
  static const char name[] = "ends";
  return out_open(&s->ends, s->place->fresh, name, s->tokens.path) && unlink_begun(s, name);
}

/* Whether it is needed where the format and the name do not say so is seen when the tokens are there. */
static bool open_metadata(shard *s) {
  if (is_llmc(s->format)) return true;
  if (!open_companion(s, &s->metadata, "", ".metadata")) return false;
  if (needs_metadata(s->name, s->format, s->type)) return true;
  out_close(&s->metadata);
  char *name = path_make("%s.metadata", s->name);
  bool good = name && unlink_begun(s, name);
  free(name);
  return good;
}

/* Companions are begun with the tokens, so that what refuses their names does so before the work. */
static bool open_parts(shard *s) {
  static const uint8_t room[LLMC_HEADER_BYTES];
  bool megatron = s->format == BATCH_FORMAT_MEGATRON;
  if (!open_one(s, &s->tokens, s->name)) return false;
  if (is_llmc(s->format) && !out_write(&s->tokens, room, sizeof room)) return false;
  if (!open_metadata(s)) return false;
  if (!has_documents(s->format)) return true;
  return open_companion(s, &s->index, megatron ? ".bin" : "", megatron ? ".idx" : ".index") && open_ends(s);
}

bool shard_open(shard *s, const staging *place, const char *name, batch_format format,
                batch_token_type type) {
  *s = SHARD_CLOSED;
  s->format = format;
  s->type = type;
  s->place = place;
  s->name = path_make("%s", name);
  if (s->name && open_parts(s)) return true;
  shard_close(s);
  return false;
}

/* Found when they come, not when the index is written at the end. */
static bool check_limits(const shard *s, size_t count) {
  if (is_llmc(s->format) && count > INT32_MAX - s->token_count)
    return error_fail(
        BATCH_ERROR_OVERFLOW,
        "%.700s: more than %" PRId32
        " tokens, expected no more in a shard of llm.c, which ends with a document: write several",
        s->tokens.path, INT32_MAX);
  uint64_t begun = s->token_count - s->last_end;
  if (s->format == BATCH_FORMAT_MEGATRON && (begun > INT32_MAX || count > INT32_MAX - begun))
    return error_fail(BATCH_ERROR_OVERFLOW,
                      "%.700s: more than %" PRId32 " tokens in document %" PRIu64
                      ", expected no more in a document of a Megatron file",
                      s->tokens.path, INT32_MAX, s->document_count);
  return true;
}

bool shard_tokens(shard *s, const int32_t *ids, size_t count) {
  if (!check_limits(s, count)) return false;
  s->token_count += count;
  return out_write_tokens(&s->tokens, s->type, ids, count);
}

bool shard_end_document(shard *s) {
  s->document_count++;
  s->last_end = s->token_count;
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
    uint32_t stored = (uint32_t)length; /* check_limits */
    if (!out_write(index, &stored, sizeof stored)) return false;
    before = end;
  }
  for (uint64_t i = 0; i < d->count; i++)
    if (!out_write_u64(index, i == 0 ? 0 : load_u64(d->entries + 8 * (i - 1)) * width)) return false;
  for (uint64_t i = 0; i <= d->count; i++)
    if (!out_write_u64(index, i)) return false;
  return true;
}

static bool write_index(shard *s) {
  source_documents ends = {0};
  if (s->index.fd < 0) return true;
  bool good = out_map_ends(&s->ends, &ends);
  if (good && s->format == BATCH_FORMAT_MEGATRON) good = write_megatron_index(s, &ends, &s->index);
  if (good && s->format == BATCH_FORMAT_DATATROVE)
    good = out_write(&s->index, ends.entries, (size_t)(8 * ends.count));
  file_unmap(ends.map, ends.map_bytes);
  return good && out_flush(&s->index);
}

/* Whether the file, where it stands now, is read as what it is. */
static bool is_read_as_it_is(const shard *s, const char *path) {
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  BatchDataset *dataset = batch_dataset_open(&path, 1, NULL);
  bool good = dataset && batch_dataset_files(dataset) == 1 && batch_dataset_get_file(dataset, 0, &info) &&
              info.format == s->format && info.token_type == s->type && info.tokens == s->token_count;
  batch_dataset_free(dataset);
  return good;
}

/* Tokens may look like the first bytes of another format, or like tokens of another width: who would not
   read them as what they are is told. */
static bool settle_metadata(shard *s) {
  if (s->metadata.fd >= 0 || s->token_count == 0 || is_llmc(s->format)) return true;
  char *path = path_make("/proc/self/fd/%d/%s", s->place->fresh, s->name);
  if (!path) return false;
  bool read = is_read_as_it_is(s, path);
  free(path);
  return read || open_companion(s, &s->metadata, "", ".metadata");
}

static bool write_metadata(shard *s) {
  source_file file = {.path = s->tokens.path, .fd = s->tokens.fd, .type = s->type, .tokens = s->token_count};
  return settle_metadata(s) && (s->metadata.fd < 0 || metadata_write(&s->metadata, &file));
}

static bool seal_companion(out_file *out) {
  return out->fd < 0 || out_seal(out);
}

bool shard_seal(shard *s) {
  uint8_t header[12];
  size_t header_bytes = llmc_header(s, header);
  return out_flush(&s->tokens) && out_write_at(&s->tokens, header, header_bytes, 0) && write_index(s) &&
         write_metadata(s) && out_seal(&s->tokens) && seal_companion(&s->index) &&
         seal_companion(&s->metadata);
}

void shard_close(shard *s) {
  out_close(&s->tokens);
  out_close(&s->ends);
  out_close(&s->index);
  out_close(&s->metadata);
  free(s->name);
  s->name = NULL;
}
