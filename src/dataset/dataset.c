#include "headrace/dataset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/live.h"
#include "base/path.h"
#include "dataset/dataset_internal.h"
#include "dataset/formats/format.h"
#include "dataset/paths.h"
#include "dataset/scan.h"
#include "dataset/token_looks.h"
#include "dataset/token_loss.h"
#include "dataset/token_metadata.h"
#include "dataset/token_parts.h"
#include "dataset/token_type.h"
#include "sync/thread.h"
#include "text/encode.h"

const token_files *dataset_token_files(const BatchDataset *dataset) {
  return &dataset->files;
}

static const char name[] = "batch_dataset_open";

static void close_file(token_file *file) {
  if (!file->borrowed) file_unmap(file->map, file->map_bytes);
  if (!file->documents.borrowed) file_unmap(file->documents.map, file->documents.map_bytes);
  token_loss_close(&file->loss);
  if (file->fd >= 0) close(file->fd);
  free(file->path);
  *file = (token_file){.fd = -1};
}

static bool check_enum(const char *function, const char *field, int value, int most) {
  return (value >= 0 && value <= most) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is %d, expected 0 to %d", function, field, value,
                    most);
}

static bool check_fraction(const char *function, double fraction) {
  return (fraction > 0 && fraction < 1) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: validation_fraction is %g, expected more than 0 and less than 1 with a subset",
                    function, fraction);
}

bool dataset_check_options(const char *function, const batch_dataset_options *options) {
  return check_enum(function, "token_type", (int)options->token_type, BATCH_TOKEN_I64) &&
         check_enum(function, "io", (int)options->io, BATCH_IO_READ) &&
         check_enum(function, "loss", (int)options->loss, BATCH_LOSS_NONE) &&
         check_enum(function, "subset", (int)options->subset, BATCH_SUBSET_VALIDATION) &&
         (!options->subset || check_fraction(function, options->validation_fraction));
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

bool dataset_find_documents(token_file *file, const batch_dataset_options *options) {
  return !options->separator || file->documents.kind != TOKENS_NO_BOUNDARIES ||
         scan_documents(file, options->separator, options->end_of_text, options->temporary_directory);
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
  if (!dataset_find_documents(file, options)) return false;
  if (options->loss == BATCH_LOSS_NONE)
    token_loss_close(&file->loss); /* of spans */
  else if (!format_is_text(file->format) && !token_loss_open(file))
    return false;
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

BatchDataset *dataset_make(const char *function, size_t files) {
  BatchDataset *dataset = calloc(1, sizeof *dataset);
  if (dataset) dataset->files.files = calloc(files, sizeof *dataset->files.files);
  if (!dataset || !dataset->files.files) {
    free(dataset);
    return error_null(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu files", function, files);
  }
  live_enter(dataset);
  return dataset;
}

static BatchDataset *open_list(path_list *list, const batch_dataset_options *options) {
  BatchDataset *dataset = dataset_make(name, list->count);
  if (!dataset) return NULL;
  bool good = open_files(&dataset->files, list, options);
  if (check_all_stayed(&dataset->files, list) && good && token_parts_make(name, &dataset->files, options))
    return dataset;
  batch_dataset_free(dataset);
  return NULL;
}

BatchDataset *batch_dataset_open(const char *const *paths, size_t n, const batch_dataset_options *options) {
  HOLD_CANCELLATION;
  encode_options mine;
  if (!paths || n == 0)
    return error_null(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s, expected at least one path", name,
                      paths ? "n is 0" : "paths is NULL");
  if (!encode_read_options(name, options, &mine) || !dataset_check_options(name, &mine.options)) return NULL;
  path_list list = {0};
  BatchDataset *dataset = paths_expand(name, paths, n, &list) ? open_list(&list, &mine.options) : NULL;
  paths_free(&list);
  return dataset;
}

void batch_dataset_free(BatchDataset *dataset) {
  HOLD_CANCELLATION;
  if (!dataset) return;
  live_leave("batch_dataset_free", dataset);
  for (size_t i = 0; i < dataset->files.count; i++) close_file(&dataset->files.files[i]);
  free(dataset->files.files);
  free(dataset->files.parts);
  free(dataset);
}
