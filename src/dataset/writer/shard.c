#include "dataset/writer/shard.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/token_metadata.h"
#include "dataset/token_type.h"

/* A headerless file is found by its name and taken for u16, unless the name or the companion says more. */
static bool is_told(const char *name, batch_token_type type) {
  batch_token_type told = token_type_of_name(name);
  return format_by_name(name) == BATCH_FORMAT_HEADERLESS && (told ? told : BATCH_TOKEN_U16) == type;
}

static bool needs_metadata(const char *name, const format_output *output, batch_token_type type) {
  return output->metadata == METADATA_ALWAYS ||
         (output->metadata == METADATA_IF_UNTOLD && !is_told(name, type));
}

bool shard_needs_companion(const char *name, batch_format number, batch_token_type type) {
  const format_output *output = format_of(number)->output;
  return output->index || needs_metadata(name, output, type);
}

/* What replaces a file is as private as that one from its first byte on. */
static bool open_one(shard *s, out_file *out, const char *name) {
  char shown[1024];
  output_shown(s->place->names, name, shown, sizeof shown);
  return out_open(out, s->place->fresh, name, shown) && staging_inherit(s->place, name, out->fd);
}

/* suffix, replacement: of the token file's name */
static bool open_companion(shard *s, out_file *out, const char *suffix, const char *replacement) {
  char *name = path_replace_suffix(s->name, suffix, replacement);
  bool good = name && open_one(s, out, name);
  free(name);
  return good;
}

static bool open_index(shard *s) {
  return open_companion(s, &s->index, s->output->suffix, s->output->index);
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
  if (s->output->metadata == METADATA_NEVER) return true;
  if (!open_companion(s, &s->metadata, "", ".metadata")) return false;
  if (needs_metadata(s->name, s->output, s->type)) return true;
  out_close(&s->metadata);
  char *name = path_make("%s.metadata", s->name);
  bool good = name && unlink_begun(s, name);
  free(name);
  return good;
}

/* Companions are begun with the tokens, so that what refuses their names does so before the work. */
static bool open_parts(shard *s) {
  static const uint8_t room[FORMAT_HEADER];
  return open_one(s, &s->tokens, s->name) && out_write(&s->tokens, room, s->output->header_bytes) &&
         open_metadata(s) && (!s->output->index || (open_index(s) && open_ends(s)));
}

bool shard_open(shard *s, const staging *place, const char *name, batch_format format,
                batch_token_type type) {
  *s = SHARD_CLOSED;
  s->format = format;
  s->output = format_of(format)->output;
  s->type = type;
  s->place = place;
  s->name = path_make("%s", name);
  if (s->name && open_parts(s)) return true;
  shard_close(s);
  return false;
}

/* Found when they come, not when the index is written at the end. */
static bool check_limits(const shard *s, size_t count) {
  uint64_t most = s->output->most_tokens, longest = s->output->longest_document,
           begun = s->token_count - s->last_end;
  if (most && count > most - s->token_count)
    return error_fail(BATCH_ERROR_OVERFLOW,
                      "%.700s: more than %" PRIu64
                      " tokens, expected no more in a shard of %s, which ends with a document: write several",
                      s->tokens.path, most, batch_format_name(s->format));
  return !longest || count <= longest - begun ||
         error_fail(BATCH_ERROR_OVERFLOW,
                    "%.700s: more than %" PRIu64 " tokens in document %" PRIu64
                    ", expected no more in a document of a %s file",
                    s->tokens.path, longest, s->document_count, batch_format_name(s->format));
}

bool shard_begin_loss(shard *s) {
  return open_companion(s, &s->loss, "", ".loss") && out_write_loss(&s->loss, NULL, s->token_count);
}

bool shard_tokens(shard *s, const int32_t *ids, const uint8_t *loss, size_t count) {
  if (!check_limits(s, count)) return false;
  if (s->loss.fd >= 0 && !out_write_loss(&s->loss, loss, count)) return false;
  s->token_count += count;
  return out_write_tokens(&s->tokens, s->type, ids, count);
}

bool shard_end_document(shard *s) {
  s->document_count++;
  s->last_end = s->token_count;
  return s->ends.fd < 0 || out_write_u64(&s->ends, s->token_count);
}

static bool write_header(shard *s) {
  uint8_t header[FORMAT_HEADER] = {0};
  if (!s->output->put_header) return true;
  s->output->put_header(header, s->type, s->token_count);
  return out_write_at(&s->tokens, header, s->output->header_bytes, 0);
}

static bool write_index(shard *s) {
  token_documents ends = {0};
  if (!s->output->index) return true;
  bool good = out_map_ends(&s->ends, &ends) && s->output->write_index(&s->index, s->type, &ends);
  file_unmap(ends.map, ends.map_bytes);
  return good && out_flush(&s->index);
}

static bool is_what_it_is(const shard *s, const BatchDataset *dataset) {
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  return batch_dataset_files(dataset) == 1 && batch_dataset_get_file(dataset, 0, &info) &&
         info.format == s->format && info.token_type == s->type && info.tokens == s->token_count;
}

/* Whether it is read as what it is, where it is under this path; where it is not, nobody can tell: it counts as read
   wrongly. */
static bool read_back(const shard *s, const char *path, bool *good) {
  struct stat status;
  bool there;
  *good = false;
  if (!file_look_up(path, &status, &there)) return false;
  if (!there) return true;
  BatchDataset *dataset = batch_dataset_open(&path, 1, NULL);
  batch_status code = dataset ? BATCH_OK : batch_last_error()->code;
  *good = dataset && is_what_it_is(s, dataset);
  batch_dataset_free(dataset);
  return code != BATCH_ERROR_IO && code != BATCH_ERROR_OUT_OF_MEMORY;
}

/* Whether the file, where it stands now, is read as what it is. If not, that is no error of the run's; that it
   cannot be found out is one. */
static bool is_read_as_it_is(const shard *s, bool *good) {
  fault before;
  char *path = path_make("/proc/self/fd/%d/%s", s->place->fresh, s->name);
  if (!path) return false;
  error_keep(&before);
  bool told = read_back(s, path, good);
  free(path);
  if (told)
    error_put_back(&before);
  else
    error_set(batch_last_error()->code, "%.400s: read back: %.550s", s->tokens.path,
              batch_last_error()->message);
  return told;
}

/* Tokens may look like the first bytes of another format, or like tokens of another width: who would not
   read them as what they are is told. */
static bool settle_metadata(shard *s) {
  bool read;
  if (s->metadata.fd >= 0 || s->token_count == 0 || s->output->metadata == METADATA_NEVER) return true;
  return is_read_as_it_is(s, &read) && (read || open_companion(s, &s->metadata, "", ".metadata"));
}

static bool write_metadata(shard *s) {
  token_file file = {.path = s->tokens.path, .fd = s->tokens.fd, .type = s->type, .tokens = s->token_count};
  return settle_metadata(s) && (s->metadata.fd < 0 || token_metadata_write(&s->metadata, &file));
}

static bool seal_companion(out_file *out) {
  return out->fd < 0 || out_seal(out);
}

/* The loss mask before the metadata: it is read with the tokens, to see whether they are read as what they are. */
bool shard_seal(shard *s) {
  return out_flush(&s->tokens) && write_header(s) && write_index(s) && seal_companion(&s->loss) &&
         write_metadata(s) && out_seal(&s->tokens) && seal_companion(&s->index) &&
         seal_companion(&s->metadata);
}

void shard_close(shard *s) {
  out_close(&s->tokens);
  out_close(&s->ends);
  out_close(&s->index);
  out_close(&s->metadata);
  out_close(&s->loss);
  free(s->name);
  s->name = NULL;
}
