/* Lookups in an open dataset's files and their document boundaries. */
#include "dataset/token_files.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/guard.h"

/* The last part whose `first` is at most n: parts that hold nothing share theirs with the next. */
static inline const token_part *last_at_most(const token_files *s, uint64_t n,
                                             uint64_t (*first)(const token_part *)) {
  size_t low = 0, high = s->num_parts;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (first(&s->parts[middle]) <= n)
      low = middle;
    else
      high = middle;
  }
  return &s->parts[low];
}

static uint64_t first_token(const token_part *part) {
  return part->first_token;
}

static uint64_t first_document(const token_part *part) {
  return part->first_document;
}

const token_part *token_files_find(const token_files *s, uint64_t token) {
  return last_at_most(s, token, first_token);
}

static const token_part *part_of_document(const token_files *s, uint64_t index) {
  return last_at_most(s, index, first_document);
}

/* Where document `index` of the file ends, in tokens of the file. */
static uint64_t local_end(const token_file *file, uint64_t index) {
  const token_documents *d = &file->documents;
  uint64_t end = file->tokens;
  if (d->kind == TOKENS_BLOCKS) end = (index + 1) * TOKENS_BLOCK;
  if (d->kind == TOKENS_ENDS) end = load_u64(d->entries + 8 * index);
  if (d->kind == TOKENS_MEGATRON || d->kind == TOKENS_SEQUENCES) {
    uint64_t sequence = d->kind == TOKENS_SEQUENCES ? index + 1 : load_u64(d->entries + 8 * (index + 1));
    if (sequence < d->sequences) end = load_u64(d->offsets + 8 * sequence) / file->width;
  }
  return end < file->tokens ? end : file->tokens;
}

/* Within the page that an index ends in, what was cut off reads as zeros without any signal: its last entry tells. */
static void check_last_entry(const token_file *file) {
  const token_documents *d = &file->documents;
  const uint8_t *last = d->entries;
  if (d->kind == TOKENS_ENDS && load_u64(last += 8 * (d->count - 1)) != file->tokens) guard_give_up(last);
  if (d->kind == TOKENS_MEGATRON && load_u64(last += 8 * d->count) != d->sequences) guard_give_up(last);
  if (d->kind != TOKENS_SEQUENCES) return;
  uint64_t length = load_u32(d->offsets - 4); /* the lengths end where the offsets begin */
  last = d->offsets + 8 * (d->sequences - 1);
  if (load_u64(last) != (file->tokens - length) * file->width) guard_give_up(last);
}

void token_file_documents(const token_file *file, uint64_t first, uint64_t count, uint64_t *start,
                          uint64_t *end) {
  check_last_entry(file);
  *start = first == 0 ? 0 : local_end(file, first - 1);
  *end = local_end(file, first + count - 1);
  if (*end < *start) *end = *start;
}

/* A token of the file as one of the stream: within the part, also when the index was overwritten. */
static uint64_t in_stream(const token_part *part, uint64_t local) {
  if (local < part->skipped) local = part->skipped;
  if (local > part->skipped + part->tokens) local = part->skipped + part->tokens;
  return part->first_token + (local - part->skipped);
}

void token_files_document(const token_files *s, uint64_t index, uint64_t *start, uint64_t *end) {
  const token_part *part = part_of_document(s, index);
  uint64_t from, to;
  token_file_documents(part->file, index - part->first_document + part->skipped_documents, 1, &from, &to);
  *start = in_stream(part, from);
  *end = in_stream(part, to);
}

/* The first of documents low to high of the file that ends after a token of it. */
static uint64_t local_document_of(const token_file *file, uint64_t token, uint64_t low, uint64_t high) {
  while (low < high) {
    uint64_t middle = low + (high - low) / 2;
    if (local_end(file, middle) > token)
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

uint64_t token_files_document_of(const token_files *s, uint64_t token) {
  const token_part *part = token_files_find(s, token);
  check_last_entry(part->file);
  uint64_t low = part->skipped_documents, high = low + part->documents - 1;
  return part->first_document + local_document_of(part->file, token_part_index(part, token), low, high) - low;
}

const char *token_file_place(const token_file *file, uint64_t index, char place[96]) {
  if (!file->tokenized) {
    snprintf(place, 96, "at byte %" PRIu64 ": token %" PRIu64, file->data_offset + index * file->width,
             index);
    return place;
  }
  if (file->documents.kind == TOKENS_BLOCKS) {
    snprintf(place, 96, "token %" PRIu64, index);
    return place;
  }
  uint64_t document = local_document_of(file, index, 0, file->documents.count - 1);
  uint64_t start = document == 0 ? 0 : local_end(file, document - 1);
  snprintf(place, 96, "document %" PRIu64 ", token %" PRIu64 " of it", document, index - start);
  return place;
}

bool token_file_read_raw(const token_file *file, uint64_t first, size_t count, void *out) {
  uint64_t offset = file->data_offset + first * file->width;
  if (!file->borrowed) return file_read_at(file->fd, file->path, offset, out, count * file->width);
  memcpy(out, file->map + offset, count * file->width);
  return true;
}
