#include "dataset/token_parts.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "dataset/subset.h"

static bool lacks_boundaries(const token_file *file) {
  return file->documents.kind == TOKENS_NO_BOUNDARIES;
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

/* Files without boundaries become documents if others have some. */
static bool take_all(const char *function, token_files *s) {
  bool known = false;
  s->parts = calloc(s->count, sizeof *s->parts);
  if (!s->parts)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for %zu files", function, s->count);
  for (size_t i = 0; i < s->count; i++) known |= !lacks_boundaries(&s->files[i]);
  for (size_t i = 0; i < s->count; i++) {
    token_file *file = &s->files[i];
    if (known && lacks_boundaries(file) && file->tokens > 0)
      file->documents = (token_documents){.kind = TOKENS_ONE_DOCUMENT, .count = 1, .assumed = true};
    file->first_part = s->num_parts;
    s->parts[s->num_parts++] =
        (token_part){.file = file, .tokens = file->tokens, .documents = file->documents.count};
  }
  return true;
}

/* Puts the parts one behind the other. */
static bool place(const char *function, token_files *s) {
  for (size_t i = 0; i < s->num_parts; i++) {
    s->parts[i].first_token = s->tokens;
    s->parts[i].first_document = s->documents;
    s->documents += s->parts[i].documents;
    if (__builtin_add_overflow(s->tokens, s->parts[i].tokens, &s->tokens))
      return error_fail(BATCH_ERROR_OVERFLOW, "%s: more than %" PRIu64 " tokens", function, UINT64_MAX);
  }
  return true;
}

bool token_parts_make(const char *function, token_files *s, const batch_dataset_options *options) {
  uint64_t any = 0;
  for (size_t i = 0; i < s->count; i++) {
    any |= s->files[i].tokens;
    if (s->files[i].width > s->width) s->width = s->files[i].width;
  }
  if (any == 0) return no_tokens(s);
  bool taken = options->subset ? subset_take(function, s, options) : take_all(function, s);
  return taken && place(function, s) && (s->tokens > 0 || subset_is_empty(function, s, options));
}
