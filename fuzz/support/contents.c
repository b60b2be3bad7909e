#include "support/contents.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/raw_tokens.h"

static void *room(size_t bytes) {
  void *memory = malloc(bytes ? bytes : 1);
  if (!memory) fuzz_fail("no memory for %zu bytes", bytes);
  return memory;
}

static void ask_sums(const BatchDataset *dataset, fuzz_contents *c) {
  c->tokens = batch_dataset_tokens(dataset);
  c->documents = batch_dataset_documents(dataset);
  c->has_loss = batch_dataset_has_loss(dataset);
  if (c->tokens == 0) fuzz_fail("opened without a token");
  if (!batch_dataset_id_range(dataset, &c->smallest, &c->largest)) fuzz_fail("no range of ids");
  if (c->smallest > c->largest) fuzz_fail("ids from %" PRId64 " to %" PRId64, c->smallest, c->largest);
  if (!batch_dataset_fingerprint(dataset, &c->fingerprint)) fuzz_fail("no fingerprint");
  c->readable = c->smallest >= 0 && c->largest <= INT32_MAX;
}

/* The first half of what is looked at, and the last one. */
static bool read_ids(const BatchDataset *dataset, fuzz_contents *c) {
  size_t half = c->count / 2;
  return batch_dataset_read(dataset, 0, half, c->ids) &&
         batch_dataset_read(dataset, c->tokens - (c->count - half), c->count - half, c->ids + half);
}

static void ask_ids(const BatchDataset *dataset, fuzz_contents *c) {
  bool all = c->tokens <= FUZZ_CONTENTS_MOST;
  int32_t smallest = INT32_MAX, largest = 0;
  c->count = all ? (size_t)c->tokens : FUZZ_CONTENTS_MOST;
  c->ids = room(c->count * sizeof *c->ids);
  c->loss = room(c->count);
  bool read = read_ids(dataset, c);
  if (!read && batch_last_error()->code != BATCH_ERROR_OUT_OF_RANGE) fuzz_fail("opened, but cannot be read");
  if (read != c->readable && (all || c->readable))
    fuzz_fail("ids from %" PRId64 " to %" PRId64 " can%s be read", c->smallest, c->largest,
              read ? "" : "not");
  c->readable = read;
  if (!batch_dataset_read_loss(dataset, 0, c->count, c->loss)) fuzz_fail("the loss mask cannot be read");
  if (!all || !read) return;
  for (size_t i = 0; i < c->count; i++) {
    smallest = c->ids[i] < smallest ? c->ids[i] : smallest;
    largest = c->ids[i] > largest ? c->ids[i] : largest;
    if (c->loss[i] > 1) fuzz_fail("a loss mask of %d", c->loss[i]);
  }
  if (smallest != c->smallest || largest != c->largest)
    fuzz_fail("ids from %" PRId32 " to %" PRId32 ", said to be from %" PRId64 " to %" PRId64, smallest,
              largest, c->smallest, c->largest);
}

static void ask_documents(const BatchDataset *dataset, fuzz_contents *c) {
  uint64_t before = 0, start, end;
  c->num_ends = c->documents < FUZZ_CONTENTS_MOST ? (size_t)c->documents : FUZZ_CONTENTS_MOST;
  c->ends = room(c->num_ends * sizeof *c->ends);
  for (size_t i = 0; i < c->num_ends; i++) {
    if (!batch_dataset_document(dataset, i, &start, &end)) fuzz_fail("document %zu is not there", i);
    if (start != before || end < start || end > c->tokens)
      fuzz_fail("document %zu is from %" PRIu64 " to %" PRIu64 ", the one before ends at %" PRIu64, i, start,
                end, before);
    c->ends[i] = before = end;
  }
  if (c->num_ends > 0 && c->num_ends == c->documents && before != c->tokens)
    fuzz_fail("documents end at %" PRIu64 " of %" PRIu64 " tokens", before, c->tokens);
  if (batch_dataset_document(dataset, c->documents, &start, &end))
    fuzz_fail("a document behind the last one");
}

static void ask_files(const BatchDataset *dataset, const fuzz_contents *c) {
  uint64_t tokens = 0, documents = 0;
  for (size_t i = 0; i < batch_dataset_files(dataset); i++) {
    batch_dataset_file file = BATCH_DATASET_FILE_INIT;
    if (!batch_dataset_get_file(dataset, i, &file)) fuzz_fail("file %zu is not there", i);
    if (file.first_token != tokens) fuzz_fail("file %zu begins at %" PRIu64, i, file.first_token);
    tokens += file.tokens;
    documents += file.documents ? file.documents : c->documents > 0 && file.tokens > 0;
  }
  if (tokens != c->tokens) fuzz_fail("files of %" PRIu64 " tokens, in all %" PRIu64, tokens, c->tokens);
  if (documents != c->documents)
    fuzz_fail("files of %" PRIu64 " documents, in all %" PRIu64, documents, c->documents);
}

fuzz_contents fuzz_contents_of(const BatchDataset *dataset) {
  fuzz_contents c = {.opened = true};
  ask_sums(dataset, &c);
  ask_ids(dataset, &c);
  ask_documents(dataset, &c);
  ask_files(dataset, &c);
  return c;
}

static fuzz_contents refusal(const char *must_name) {
  fuzz_contents c = {.refused = batch_last_error()->code};
  snprintf(c.message, sizeof c.message, "%s", batch_last_error()->message);
  fuzz_check_refusal(must_name);
  return c;
}

fuzz_contents fuzz_open(const char *const *paths, size_t n, const batch_dataset_options *options,
                        const char *must_name) {
  BatchDataset *dataset = batch_dataset_open(paths, n, options);
  if (!dataset) return refusal(must_name);
  fuzz_contents c = fuzz_contents_of(dataset);
  fuzz_check_raw(dataset, options, &c);
  fuzz_taken = true;
  batch_dataset_free(dataset);
  return c;
}

void fuzz_check_same(const fuzz_contents *a, const fuzz_contents *b, const char *which) {
  if (a->opened != b->opened || a->refused != b->refused)
    fuzz_fail("%s: %s and %s", which, a->opened ? "opened" : a->message, b->opened ? "opened" : b->message);
  if (!a->opened) return;
  if (a->tokens != b->tokens || a->documents != b->documents)
    fuzz_fail("%s: %" PRIu64 " tokens, %" PRIu64 " documents and %" PRIu64 ", %" PRIu64, which, a->tokens,
              a->documents, b->tokens, b->documents);
  if (a->fingerprint != b->fingerprint) fuzz_fail("%s: fingerprints differ", which);
  if (a->smallest != b->smallest || a->largest != b->largest || a->readable != b->readable)
    fuzz_fail("%s: other ids", which);
  if (a->readable && memcmp(a->ids, b->ids, a->count * sizeof *a->ids) != 0)
    fuzz_fail("%s: ids differ", which);
  if (memcmp(a->loss, b->loss, a->count) != 0) fuzz_fail("%s: loss masks differ", which);
  if (memcmp(a->ends, b->ends, a->num_ends * sizeof *a->ends) != 0) fuzz_fail("%s: documents differ", which);
}

static fuzz_contents open_memory(const batch_memory *memory, const batch_dataset_options *options) {
  BatchDataset *dataset = batch_dataset_from_memory(memory, options);
  if (!dataset) return refusal(NULL);
  fuzz_contents c = fuzz_contents_of(dataset);
  batch_dataset_free(dataset);
  return c;
}

void fuzz_check_memory(const fuzz_contents *whole, const batch_dataset_options *options,
                       const fuzz_contents *expected) {
  if (!whole->opened || !whole->readable || whole->count != whole->tokens ||
      whole->num_ends != whole->documents)
    return;
  batch_dataset_options mine = BATCH_DATASET_OPTIONS_INIT;
  if (options) mine = *options;
  mine.format = BATCH_FORMAT_AUTO;
  mine.token_type = BATCH_TOKEN_DEFAULT;
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = whole->ids;
  memory.count = whole->tokens;
  memory.token_type = BATCH_TOKEN_I32;
  memory.document_ends = whole->num_ends ? whole->ends : NULL;
  memory.documents = whole->num_ends;
  memory.loss = whole->has_loss ? whole->loss : NULL;
  fuzz_contents again = open_memory(&memory, &mine);
  fuzz_check_same(expected, &again, "file and memory");
  fuzz_contents_free(&again);
}

void fuzz_contents_free(fuzz_contents *c) {
  free(c->ids);
  free(c->loss);
  free(c->ends);
  *c = (fuzz_contents){.opened = false};
}
