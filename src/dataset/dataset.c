#include "headrace/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/live.h"
#include "base/path.h"
#include "dataset/formats/format.h"
#include "dataset/paths.h"
#include "dataset/scan.h"
#include "dataset/token_looks.h"
#include "dataset/token_loss.h"
#include "dataset/token_metadata.h"
#include "dataset/token_type.h"
#include "text/encode.h"

struct BatchDataset {
  token_files files;
};

const token_files *dataset_token_files(const BatchDataset *dataset) {
  return &dataset->files;
}

static void close_file(token_file *file) {
  file_unmap(file->map, file->map_bytes);
  file_unmap(file->documents.map, file->documents.map_bytes);
  token_loss_close(&file->loss);
  if (file->fd >= 0) close(file->fd);
  free(file->path);
  *file = (token_file){.fd = -1};
}

static bool check_enum(const char *name, int value, int most) {
  return (value >= 0 && value <= most) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_open: %s is %d, expected 0 to %d", name,
                    value, most);
}

static bool check_options(const batch_dataset_options *options) {
  return check_enum("token_type", (int)options->token_type, BATCH_TOKEN_I64) &&
         check_enum("io", (int)options->io, BATCH_IO_READ) &&
         check_enum("loss", (int)options->loss, BATCH_LOSS_NONE) &&
         check_enum("subset", (int)options->subset, BATCH_SUBSET_ALL);
}

/* What the format said must be what the caller said. */
static bool check_type(const token_file *file, batch_token_type wanted) {
  return !wanted || format_is_text(file->format) || file->type == wanted ||
         format_fail(file->path, file->data_offset,
                     "found tokens of type %s, expected %s (options.token_type, --type)",
                     batch_token_type_name(file->type), batch_token_type_name(wanted));
}

/* The type of the tokens where no header in their own file told it: checked against a .metadata, or
   where neither that nor the caller spoke, by how they look. */
static bool check_width(const token_file *file, batch_token_type wanted) {
  bool told = file->metadata.there || wanted;
  if (format_is_text(file->format)) return true;
  if (!token_metadata_check(file)) return false;
  switch (file->format) {
  case BATCH_FORMAT_HEADERLESS:
    return told ||
           token_looks_check(file, token_type_of_name(file->path) ? TOKENS_BY_NAME : TOKENS_BY_DEFAULT);
  case BATCH_FORMAT_DATATROVE:
  case BATCH_FORMAT_MEGATRON:
    return told || token_looks_check(file, TOKENS_BY_INDEX);
  default:
    return true;
  }
}

static bool lacks_boundaries(const token_file *file) {
  return file->documents.kind == TOKENS_NO_BOUNDARIES;
}

/* An index that was only found beside the tokens may be somebody else's, or left from other tokens. */
static bool blame_companion(const char *path) {
  const batch_error *error = batch_last_error();
  if (error->code != BATCH_ERROR_FORMAT) return false;
  return error_fail(BATCH_ERROR_FORMAT,
                    "%.600s; to read %.200s without the index beside it say the format "
                    "(options.format, --format headerless)",
                    error->message, path_name(path));
}

static bool open_format(token_file *file, const batch_dataset_options *options) {
  bool beside =
      !options->format && (file->format == BATCH_FORMAT_DATATROVE ||
                           (file->format == BATCH_FORMAT_MEGATRON && path_ends_with(file->path, ".bin")));
  return format_of(file->format)->open(file, options) || (beside && blame_companion(file->path));
}

/* Everything about a file but its place in the stream. */
static bool open_file(token_file *file, const batch_dataset_options *options) {
  if (!format_detect(file, options->format) || !open_format(file, options)) return false;
  file->width = batch_token_type_size(file->type);
  if (!check_type(file, options->token_type) || !check_width(file, options->token_type)) return false;
  if (options->separator && lacks_boundaries(file) &&
      !scan_documents(file, options->separator, options->end_of_text, options->temporary_directory))
    return false;
  if (!options->loss && !format_is_text(file->format) && !token_loss_open(file)) return false;
  if (options->io == BATCH_IO_READ || file->map_bytes == 0) return true;
  file->map = file_map(file->fd, file->path, file->map_bytes);
  return file->map != NULL;
}

/* Files that a directory or a pattern gave are of one format: a stray README is not data. */
static bool check_same_format(const token_files *s, const path_list *list, size_t index) {
  if (index == 0 || !list->entries[index].listed ||
      list->entries[index - 1].origin != list->entries[index].origin)
    return true;
  const token_file *file = &s->files[index], *before = file - 1;
  return file->format == before->format ||
         format_fail(file->path, 0,
                     "found the format %s beside %.200s, which is %s; expected one format in a directory or "
                     "pattern: name the files",
                     batch_format_name(file->format), before->path, batch_format_name(before->format));
}

static bool open_files(token_files *s, path_list *list, const batch_dataset_options *options) {
  for (size_t i = 0; i < list->count; i++) {
    token_file *file = &s->files[s->count++];
    *file = (token_file){.path = list->entries[i].path, .fd = -1};
    list->entries[i].path = NULL;
    if (!open_file(file, options) || !check_same_format(s, list, i)) return false;
  }
  return true;
}

static bool no_tokens(const token_files *s) {
  char passed_over[60] = "";
  uint64_t bad_lines = 0;
  for (size_t i = 0; i < s->count; i++) bad_lines += s->files[i].bad_lines;
  if (bad_lines > 0)
    snprintf(passed_over, sizeof passed_over, " (bad lines passed over: %" PRIu64 ")", bad_lines);
  return error_fail(BATCH_ERROR_FORMAT, "%.700s: no tokens in the %zu file%s%s, expected at least one",
                    s->files[0].path, s->count, s->count == 1 ? "" : "s", passed_over);
}

/* Puts a part behind those that there are. */
static bool place_part(token_files *s, token_part part) {
  part.first_token = s->tokens;
  part.first_document = s->documents;
  s->parts[s->num_parts++] = part;
  s->documents += part.documents;
  return !__builtin_add_overflow(s->tokens, part.tokens, &s->tokens) ||
         error_fail(BATCH_ERROR_OVERFLOW, "batch_dataset_open: more than %" PRIu64 " tokens", UINT64_MAX);
}

/* Puts the files one after the other; files without boundaries become documents if others have some. */
static bool place_files(token_files *s) {
  bool known = false;
  for (size_t i = 0; i < s->count; i++) known |= !lacks_boundaries(&s->files[i]);
  for (size_t i = 0; i < s->count; i++) {
    token_file *file = &s->files[i];
    if (known && lacks_boundaries(file) && file->tokens > 0)
      file->documents = (token_documents){.kind = TOKENS_ONE_DOCUMENT, .count = 1, .assumed = true};
    file->first_part = s->num_parts;
    if (file->width > s->width) s->width = file->width;
    if (!place_part(s,
                    (token_part){.file = file, .tokens = file->tokens, .documents = file->documents.count}))
      return false;
  }
  return s->tokens > 0 || no_tokens(s);
}

/* A file that is replaced while it is opened could stand beside a companion, or another shard, of the run
   before. path_entry says of an .idx which its .bin is: where it is read itself the caller said so. */
static bool check_stayed(const token_file *file, const path_entry *entry) {
  struct stat opened, named;
  if (format_is_text(file->format) || file->fd < 0) return true;
  if (fstat(file->fd, &opened) != 0) return file_fail(file->path, "fstat");
  bool there = stat(file->path, &named) == 0;
  if (!there && errno != ENOENT) return file_fail(file->path, "stat");
  bool stayed = there && opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
  bool listed = opened.st_dev == entry->device && opened.st_ino == entry->inode;
  return (stayed && (listed || path_ends_with(file->path, ".idx"))) ||
         error_fail(BATCH_ERROR_IO,
                    "%.700s: found %s, expected no file to be replaced while it is opened: "
                    "try again",
                    file->path, there ? "another file than before" : "it gone");
}

/* When all are open, so that all are of one time; what was refused meanwhile may only be wrong for that reason. */
static bool check_all_stayed(const token_files *s, const path_list *list) {
  for (size_t i = 0; i < s->count; i++)
    if (!check_stayed(&s->files[i], &list->entries[i]) || !token_loss_check_stayed(&s->files[i].loss))
      return false;
  return true;
}

static bool open_list(BatchDataset *dataset, path_list *list, const batch_dataset_options *options) {
  dataset->files.files = calloc(list->count, sizeof *dataset->files.files);
  dataset->files.parts = calloc(list->count, sizeof *dataset->files.parts);
  if (!dataset->files.files || !dataset->files.parts)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "batch_dataset_open: no memory for %zu files", list->count);
  bool good = open_files(&dataset->files, list, options);
  return check_all_stayed(&dataset->files, list) && good && place_files(&dataset->files);
}

BatchDataset *batch_dataset_open(const char *const *paths, size_t n, const batch_dataset_options *options) {
  encode_options mine;
  if (!paths || n == 0)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_open: %s, expected at least one path",
                      paths ? "n is 0" : "paths is NULL");
  if (!encode_read_options("batch_dataset_open", options, &mine) || !check_options(&mine.options))
    return NULL;
  BatchDataset *dataset = calloc(1, sizeof *dataset);
  if (!dataset)
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "batch_dataset_open: no memory for %zu bytes",
                      sizeof *dataset);
  live_enter(dataset);
  path_list list = {0};
  bool good = paths_expand("batch_dataset_open", paths, n, &list) && open_list(dataset, &list, &mine.options);
  paths_free(&list);
  if (good) return dataset;
  batch_dataset_free(dataset);
  return NULL;
}

void batch_dataset_free(BatchDataset *dataset) {
  if (!dataset) return;
  live_leave("batch_dataset_free", dataset);
  for (size_t i = 0; i < dataset->files.count; i++) close_file(&dataset->files.files[i]);
  free(dataset->files.files);
  free(dataset->files.parts);
  free(dataset);
}
