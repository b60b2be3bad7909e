/* A document is known by its file's tokens, their number and a sample of them, and by its number in the file. So the choice
   rests neither on names and formats nor on the other files, and files of the same tokens are divided the same way. */
#include "dataset/subset.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/mix.h"
#include "dataset/hole.h"
#include "dataset/scan.h"

typedef struct choice {
  const char *function;
  token_files *files;
  size_t room; /* of files->parts */
  uint64_t seed;
  uint64_t below; /* of 2^53 hashes, those of the validation part */
  bool validation;
} choice;

static bool chooses(const choice *c, uint64_t key, uint64_t document) {
  return (mix64_with(key, document) >> 11 < c->below) == c->validation;
}

static bool add_run(choice *c, const token_file *file, uint64_t first, uint64_t documents) {
  token_files *s = c->files;
  if (s->num_parts == c->room) {
    size_t room = c->room ? 2 * c->room : 64;
    token_part *parts = reallocarray(s->parts, room, sizeof *parts);
    if (!parts)
      return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu parts of a subset", c->function,
                        room);
    s->parts = parts;
    c->room = room;
  }
  s->parts[s->num_parts++] = (token_part){.file = file, .skipped_documents = first, .documents = documents};
  return true;
}

static bool choose(choice *c, const token_file *file) {
  uint64_t key, count = file->documents.count;
  if (count == 0) return true;
  if (!scan_file_sample(file, &key)) return false;
  key = mix64_with(c->seed, key);
  for (uint64_t first = 0, end; first < count; first = end) {
    while (first < count && !chooses(c, key, first)) first++;
    for (end = first; end < count && chooses(c, key, end);) end++;
    if (end > first && !add_run(c, file, first, end - first)) return false;
  }
  return true;
}

static void cut_into_blocks(token_file *file) {
  token_documents *d = &file->documents;
  if (file->tokens == 0 || d->count > 1) return;
  d->assumed = d->kind == TOKENS_NO_BOUNDARIES;
  d->kind = TOKENS_BLOCKS;
  d->count = (file->tokens - 1) / TOKENS_BLOCK + 1;
}

/* Reads boundaries, guarded. */
static void measure(void *context) {
  token_files *s = context;
  for (size_t i = 0; i < s->num_parts; i++) {
    token_part *part = &s->parts[i];
    uint64_t end;
    token_file_documents(part->file, part->skipped_documents, part->documents, &part->skipped, &end);
    part->tokens = end - part->skipped;
  }
}

/* What is kept is kept as long as the dataset. */
static void give_back_room(token_files *s) {
  token_part *parts = s->num_parts > 0 ? reallocarray(s->parts, s->num_parts, sizeof *parts) : NULL;
  if (parts) s->parts = parts;
}

bool subset_take(const char *function, token_files *s, const batch_dataset_options *options) {
  choice c = {.function = function,
              .files = s,
              .seed = options->subset_seed,
              .below = (uint64_t)(options->validation_fraction * 0x1p53),
              .validation = options->subset == BATCH_SUBSET_VALIDATION};
  for (size_t i = 0; i < s->count; i++) {
    cut_into_blocks(&s->files[i]);
    s->files[i].first_part = s->num_parts;
    if (!choose(&c, &s->files[i])) return false;
  }
  give_back_room(s);
  return hole_guarded(s, measure, s);
}

bool subset_is_empty(const char *function, const token_files *s, const batch_dataset_options *options) {
  uint64_t documents = 0;
  for (size_t i = 0; i < s->count; i++) documents += s->files[i].documents.count;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: no tokens in the %s subset: validation_fraction (--fraction) is %g, of %" PRIu64
                    " documents (blocks of %d tokens where none are known), expected one that leaves some",
                    function, options->subset == BATCH_SUBSET_VALIDATION ? "validation" : "train",
                    options->validation_fraction, documents, TOKENS_BLOCK);
}
