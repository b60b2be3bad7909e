#include "dataset/scan.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mix.h"
#include "dataset/hole.h"
#include "dataset/out_file.h"
#include "dataset/token_type.h"
#include "sync/thread.h"

enum {
  PIECE = 4096,
  SAMPLES = 128,
  SAMPLE_TOKENS = 32,
  BOUNDARY_SAMPLES = 256,
  FILE_SAMPLES = 16,
  FILE_SAMPLE_TOKENS = 4
};

/* Is given count ids that begin at token `first` of the file; false stops. */
typedef bool (*scan_visitor)(void *context, const token_file *file, uint64_t first, const int64_t *ids,
                             size_t count);

typedef struct pieces {
  uint8_t raw[PIECE * 8];
  int64_t ids[PIECE];
} pieces;

static bool scan_file(const token_file *file, uint64_t first, uint64_t count, pieces *p, scan_visitor visitor,
                      void *context) {
  while (count > 0) {
    size_t n = count < PIECE ? (size_t)count : PIECE;
    if (!token_file_read_raw(file, first, n, p->raw)) return false;
    token_widen(file->type, p->raw, n, p->ids);
    if (!visitor(context, file, first, p->ids, n)) return false;
    first += n;
    count -= n;
  }
  return true;
}

static bool scan_files(const token_files *s, uint64_t start, uint64_t count, pieces *p, scan_visitor visitor,
                       void *context) {
  for (const token_part *part = token_files_find(s, start); count > 0; part++) {
    uint64_t left = part->first_token + part->tokens - start, n = count < left ? count : left;
    if (!scan_file(part->file, token_part_index(part, start), n, p, visitor, context)) return false;
    start += n;
    count -= n;
  }
  return true;
}

static pieces *pieces_make(const token_file *file) {
  pieces *p = malloc(sizeof *p);
  /* cppcheck-suppress memleak; it is returned */
  return p ? p
           : error_null(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for %zu bytes to read into", file->path,
                        sizeof *p);
}

/* Shows tokens [start, start + count) of the stream to the visitor, piece by piece. */
static bool scan_stream(const token_files *s, uint64_t start, uint64_t count, scan_visitor visitor,
                        void *context) {
  pieces *p = pieces_make(s->files);
  bool good = p && scan_files(s, start, count, p, visitor, context);
  free(p);
  return good;
}

typedef struct id_range {
  int64_t smallest, largest;
} id_range;

static bool widen_range(void *context, const token_file *file, uint64_t first, const int64_t *ids,
                        size_t count) {
  (void)file, (void)first;
  id_range range = *(id_range *)context;
  for (size_t i = 0; i < count; i++) {
    range.smallest = ids[i] < range.smallest ? ids[i] : range.smallest;
    range.largest = ids[i] > range.largest ? ids[i] : range.largest;
  }
  *(id_range *)context = range;
  return true;
}

bool batch_dataset_id_range(const BatchDataset *dataset, int64_t *smallest, int64_t *largest) {
  HOLD_CANCELLATION;
  if (!dataset)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "batch_dataset_id_range: dataset is NULL, expected a dataset");
  const token_files *s = dataset_token_files(dataset);
  id_range range = {INT64_MAX, INT64_MIN};
  if (!scan_stream(s, 0, s->tokens, widen_range, &range)) return false;
  if (smallest) *smallest = range.smallest;
  if (largest) *largest = range.largest;
  return true;
}

static bool hash_ids(void *context, const token_file *file, uint64_t first, const int64_t *ids,
                     size_t count) {
  (void)file, (void)first;
  uint64_t *hash = context;
  for (size_t i = 0; i < count; i++) *hash = mix64_with(*hash, (uint64_t)ids[i]);
  return true;
}

/* The i-th of n >= 2 places evenly spread over 0 to last, without overflow. */
static uint64_t scan_place(uint64_t last, uint64_t i, uint64_t n) {
  return last / (n - 1) * i + last % (n - 1) * i / (n - 1);
}

/* Hashes the number of tokens, and `each` of them in `samples` places, or all if they are not more. */
static bool hash_sample(const token_files *s, uint64_t samples, uint64_t each, uint64_t *result) {
  uint64_t hash = mix64(s->tokens);
  pieces *p = pieces_make(s->files);
  bool good = p != NULL, all = s->tokens <= samples * each;
  if (all) good = good && scan_files(s, 0, s->tokens, p, hash_ids, &hash);
  for (uint64_t i = 0; good && !all && i < samples; i++)
    good = scan_files(s, scan_place(s->tokens - each, i, samples), each, p, hash_ids, &hash);
  free(p);
  if (good) *result = hash;
  return good;
}

bool scan_fingerprint(const token_files *s, uint64_t *fingerprint) {
  return hash_sample(s, SAMPLES, SAMPLE_TOKENS, fingerprint);
}

static bool hash_file(const token_file *file, uint64_t samples, uint64_t each, uint64_t *hash) {
  token_file alone = *file;
  alone.width = batch_token_type_size(file->type);
  token_part part = {.file = &alone, .tokens = file->tokens};
  const token_files whole = {
      .files = &alone, .count = 1, .parts = &part, .num_parts = 1, .tokens = file->tokens};
  return hash_sample(&whole, samples, each, hash);
}

bool scan_file_fingerprint(const token_file *file, uint64_t *fingerprint) {
  return hash_file(file, SAMPLES, SAMPLE_TOKENS, fingerprint);
}

bool scan_file_sample(const token_file *file, uint64_t *hash) {
  return hash_file(file, FILE_SAMPLES, FILE_SAMPLE_TOKENS, hash);
}

bool batch_dataset_fingerprint(const BatchDataset *dataset, uint64_t *fingerprint) {
  HOLD_CANCELLATION;
  if (dataset && fingerprint) return scan_fingerprint(dataset_token_files(dataset), fingerprint);
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "batch_dataset_fingerprint: %s is NULL, expected an address",
                    dataset ? "fingerprint" : "dataset");
}

typedef struct document_hash {
  const token_files *files;
  uint64_t hash;
} document_hash;

static void hash_documents(void *context) {
  document_hash *h = context;
  uint64_t last = h->files->documents - 1;
  for (uint64_t i = 0; i < BOUNDARY_SAMPLES; i++) {
    uint64_t start, end;
    token_files_document(h->files, scan_place(last, i, BOUNDARY_SAMPLES), &start, &end);
    h->hash = mix64_with(mix64_with(h->hash, start), end);
  }
}

bool scan_documents_fingerprint(const token_files *s, uint64_t *fingerprint) {
  document_hash h = {s, s->documents ? mix64(s->documents) : 0};
  if (s->documents > 0 && !hole_guarded(s, hash_documents, &h)) return false;
  *fingerprint = h.hash;
  return true;
}

static bool copy_ids(void *context, const token_file *file, uint64_t first, const int64_t *ids,
                     size_t count) {
  int32_t **next = context, *to = *next;
  int64_t outside = 0;
  for (size_t i = 0; i < count; i++) {
    outside |= ids[i]; /* a bit above 30 in any id, or its sign, shows up here */
    to[i] = (int32_t)ids[i];
  }
  *next += count;
  if (outside >= 0 && outside <= INT32_MAX) return true;
  char place[96];
  size_t bad = 0;
  while (ids[bad] >= 0 && ids[bad] <= INT32_MAX) bad++;
  return error_fail(BATCH_ERROR_OUT_OF_RANGE, "%.700s: %s: found id %" PRId64 ", expected 0 to %" PRId32,
                    file->path, token_file_place(file, first + bad, place), ids[bad], INT32_MAX);
}

bool batch_dataset_read(const BatchDataset *dataset, uint64_t start, size_t count, int32_t *ids) {
  HOLD_CANCELLATION;
  if (!dataset || (!ids && count > 0))
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_dataset_read: %s is NULL, expected an address",
                      dataset ? "ids" : "dataset");
  const token_files *s = dataset_token_files(dataset);
  if (start > s->tokens || count > s->tokens - start)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE,
                      "batch_dataset_read: tokens %" PRIu64 " to %" PRIu64
                      " + %zu, expected at most %" PRIu64,
                      start, start, count, s->tokens);
  return scan_stream(s, start, count, copy_ids, &ids);
}

typedef struct boundary_search {
  int64_t id;
  uint64_t after; /* 1: a document ends after the id, 0: before it */
  uint64_t last;  /* the end found last */
  out_file ends;
} boundary_search;

static bool find_ends(void *context, const token_file *file, uint64_t first, const int64_t *ids,
                      size_t count) {
  (void)file;
  boundary_search *search = context;
  for (size_t i = 0; i < count; i++) {
    if (ids[i] != search->id) continue;
    uint64_t end = first + i + search->after;
    if (end == 0) continue; /* nothing stands before the first document */
    if (!out_write_u64(&search->ends, end)) return false;
    search->last = end;
  }
  return true;
}

static bool find_documents(token_file *file, boundary_search *search, const char *directory) {
  pieces *p = pieces_make(file);
  bool good = p && out_open_nameless(&search->ends, directory) &&
              scan_file(file, 0, file->tokens, p, find_ends, search) &&
              (search->last == file->tokens || out_write_u64(&search->ends, file->tokens)) &&
              out_map_ends(&search->ends, &file->documents);
  out_close(&search->ends);
  free(p);
  return good;
}

bool scan_documents(token_file *file, batch_separator separator, int32_t end_of_text, const char *directory) {
  boundary_search search = {
      .id = end_of_text, .after = separator == BATCH_SEPARATOR_AFTER, .ends = OUT_FILE_CLOSED};
  return file->tokens == 0 || find_documents(file, &search, directory);
}
