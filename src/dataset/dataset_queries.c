/* What an open dataset is asked. */
#include "base/file.h"
#include "base/options.h"
#include "dataset/hole.h"
#include "dataset/token_loss.h"
#include "sync/thread.h"

static const token_files *need(const BatchDataset *dataset, const char *function) {
  static const token_files nothing;
  if (dataset) return dataset_token_files(dataset);
  error_set(BATCH_ERROR_INVALID_ARGUMENT, "%s: dataset is NULL, expected a dataset", function);
  return &nothing;
}

uint64_t batch_dataset_tokens(const BatchDataset *dataset) {
  return need(dataset, "batch_dataset_tokens")->tokens;
}

uint64_t batch_dataset_documents(const BatchDataset *dataset) {
  return need(dataset, "batch_dataset_documents")->documents;
}

size_t batch_dataset_width(const BatchDataset *dataset) {
  return need(dataset, "batch_dataset_width")->width;
}

size_t batch_dataset_files(const BatchDataset *dataset) {
  return need(dataset, "batch_dataset_files")->count;
}

bool batch_dataset_has_loss(const BatchDataset *dataset) {
  const token_files *s = need(dataset, "batch_dataset_has_loss");
  for (size_t i = 0; i < s->count; i++)
    if (s->files[i].loss.kind) return true;
  return false;
}

bool batch_dataset_read_loss(const BatchDataset *dataset, uint64_t start, size_t count, uint8_t *loss) {
  HOLD_CANCELLATION;
  const token_files *s = need(dataset, "batch_dataset_read_loss");
  if (!dataset) return false;
  if (!loss && count > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_dataset_read_loss: loss is NULL, expected an address");
  if (start > s->tokens || count > s->tokens - start)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE,
                      "batch_dataset_read_loss: tokens %" PRIu64 " to %" PRIu64
                      " + %zu, expected at most %" PRIu64,
                      start, start, count, s->tokens);
  const token_part *part = token_files_find(s, start);
  for (size_t done = 0, n; done < count; done += n, part++) {
    uint64_t left = part->first_token + part->tokens - (start + done);
    n = count - done < left ? count - done : (size_t)left;
    if (!token_loss_read(part->file, token_part_index(part, start + done), n, loss + done)) return false;
  }
  return true;
}

typedef struct document_place {
  const token_files *files;
  uint64_t index, start, end;
} document_place;

static void find_document(void *context) {
  document_place *d = context;
  token_files_document(d->files, d->index, &d->start, &d->end);
}

bool batch_dataset_document(const BatchDataset *dataset, uint64_t index, uint64_t *start, uint64_t *end) {
  HOLD_CANCELLATION;
  const token_files *s = need(dataset, "batch_dataset_document");
  if (!dataset) return false;
  if (!start || !end)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_document: %s is NULL, expected an address",
                      start ? "end" : "start");
  if (index >= s->documents)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE,
                      "batch_dataset_document: index is %" PRIu64 ", expected below %" PRIu64, index,
                      s->documents);
  document_place found = {s, index, 0, 0};
  if (!hole_guarded(s, find_document, &found)) return false;
  *start = found.start;
  *end = found.end;
  return true;
}

/* Where a part begins; the one behind the last one where the stream ends. */
static token_part part_at(const token_files *s, size_t number) {
  return number < s->num_parts ? s->parts[number]
                               : (token_part){.first_token = s->tokens, .first_document = s->documents};
}

static const char *loss_name(token_loss_kind kind) {
  return kind == TOKEN_LOSS_BYTES ? "bytes" : kind == TOKEN_LOSS_BITS ? "bits" : NULL;
}

bool batch_dataset_get_file(const BatchDataset *dataset, size_t index, batch_dataset_file *file) {
  static const options_type type = OPTIONS_TYPE(batch_dataset_file, BATCH_DATASET_FILE_INIT, compression);
  const token_files *s = need(dataset, "batch_dataset_get_file");
  if (!dataset) return false;
  if (index >= s->count)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE, "batch_dataset_get_file: index is %zu, expected below %zu",
                      index, s->count);
  const token_file *found = &s->files[index];
  const token_part first = part_at(s, found->first_part),
                   next = part_at(s, index + 1 < s->count ? found[1].first_part : s->num_parts);
  const batch_dataset_file mine = {.path = found->path,
                                   .format = found->format,
                                   .compressed = found->compressed,
                                   .tokenized = found->tokenized,
                                   .token_type = found->type,
                                   .first_token = first.first_token,
                                   .tokens = next.first_token - first.first_token,
                                   .documents = next.first_document - first.first_document,
                                   .bad_lines = found->bad_lines,
                                   .compression = found->compression,
                                   .loss = loss_name(found->loss.kind)};
  return options_write(&type, "batch_dataset_get_file", "file", &mine, file);
}
