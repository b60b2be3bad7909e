/* A dataset of tokens that the caller has in memory: a file without a descriptor, whose mapping is borrowed. */
#include <string.h>

#include "base/file.h"
#include "base/options.h"
#include "dataset/dataset_internal.h"
#include "dataset/token_parts.h"
#include "sync/thread.h"
#include "text/encode.h"

static const char name[] = "batch_dataset_from_memory";

static bool wrong(const char *field, uint64_t found, const char *expected) {
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: memory.%s is %" PRIu64 ", expected %s", name, field,
                    found, expected);
}

static bool check_tokens(const batch_memory *m) {
  if (!m->tokens)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: memory.tokens is NULL, expected an address", name);
  if (m->count == 0) return wrong("count", 0, "at least 1");
  size_t width = batch_token_type_size(m->token_type);
  if (width == 0) return wrong("token_type", (uint64_t)m->token_type, "1 to 7 (batch_token_type)");
  return m->count <= SIZE_MAX / 2 / width ||
         error_fail(BATCH_ERROR_OVERFLOW,
                    "%s: memory.count is %" PRIu64 " tokens of %zu bytes, expected at most %zu bytes", name,
                    m->count, width, SIZE_MAX / 2);
}

static bool check_documents(const batch_memory *m) {
  if (!m->document_ends)
    return m->documents == 0 || wrong("documents", m->documents, "0 where document_ends is NULL");
  if (m->documents == 0 || m->documents > SIZE_MAX / 2 / sizeof *m->document_ends)
    return wrong("documents", m->documents, "the number of document_ends");
  uint64_t last = 0;
  for (uint64_t i = 0; i < m->documents; i++) {
    uint64_t end = m->document_ends[i];
    if (end < last || end > m->count)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "%s: memory.document_ends[%" PRIu64 "] is %" PRIu64 ", expected %" PRIu64
                        " to count, which is %" PRIu64,
                        name, i, end, last, m->count);
    last = end;
  }
  return last == m->count ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: the last of memory.document_ends is %" PRIu64 ", expected count, which is %" PRIu64,
                    name, last, m->count);
}

/* Options of text have no say here, as of other tokens. */
static bool check_options(const batch_memory *m, const batch_dataset_options *options) {
  if (options->format && options->format != BATCH_FORMAT_HEADERLESS)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.format is %s, expected headerless or none",
                      name, batch_format_name(options->format));
  return !options->token_type || options->token_type == m->token_type ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: options.token_type is %s, expected that of memory, which is %s, or none", name,
                    batch_token_type_name(options->token_type), batch_token_type_name(m->token_type));
}

static token_documents documents_of(const batch_memory *m) {
  if (!m->document_ends) return (token_documents){.kind = TOKENS_NO_BOUNDARIES};
  const uint8_t *ends = (const uint8_t *)m->document_ends;
  return (token_documents){.kind = TOKENS_ENDS,
                           .count = m->documents,
                           .entries = ends,
                           .borrowed = true,
                           .map = ends,
                           .map_bytes = (size_t)m->documents * sizeof *m->document_ends};
}

static token_loss loss_of(const batch_memory *m, const batch_dataset_options *options) {
  if (!m->loss || options->loss == BATCH_LOSS_NONE) return (token_loss){.fd = -1};
  return (token_loss){
      .kind = TOKEN_LOSS_BYTES, .entries = m->loss, .map = m->loss, .map_bytes = (size_t)m->count, .fd = -1};
}

static bool take(token_files *s, const batch_memory *m, const batch_dataset_options *options) {
  token_file *file = &s->files[s->count++];
  uint32_t width = (uint32_t)batch_token_type_size(m->token_type);
  *file = (token_file){.path = strdup(m->name ? m->name : "memory"),
                       .fd = -1,
                       .format = BATCH_FORMAT_HEADERLESS,
                       .type = m->token_type,
                       .width = width,
                       .borrowed = true,
                       .map = m->tokens,
                       .map_bytes = (size_t)m->count * width,
                       .tokens = m->count,
                       .documents = documents_of(m),
                       .loss = loss_of(m, options)};
  if (!file->path) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%s: no memory for a name", name);
  return dataset_find_documents(file, options) && token_parts_make(name, s, options);
}

BatchDataset *batch_dataset_from_memory(const batch_memory *memory, const batch_dataset_options *options) {
  HOLD_CANCELLATION;
  static const options_type type = OPTIONS_TYPE_RESERVED(batch_memory, BATCH_MEMORY_INIT);
  batch_memory m;
  encode_options o;
  if (!options_read(&type, name, "memory", memory, &m) || !encode_read_options(name, options, &o) ||
      !dataset_check_options(name, &o.options) || !check_tokens(&m) || !check_documents(&m) ||
      !check_options(&m, &o.options))
    return NULL;
  BatchDataset *dataset = dataset_make(name, 1);
  if (!dataset || take(&dataset->files, &m, &o.options)) return dataset;
  batch_dataset_free(dataset);
  return NULL;
}
