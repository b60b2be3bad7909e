#include "text/readers/tokenizer_json.h"

#include "base/error.h"

bool json_no_memory(const json_reader *r) {
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a tokenizer of %zu bytes",
                    r->file->path, r->file->count);
}

enum {
  VERSION,
  TRUNCATION,
  PADDING,
  ADDED,
  NORMALIZER,
  PRE_TOKENIZER,
  POST_PROCESSOR,
  DECODER,
  MODEL,
  FIELDS
};

static bool read_parts(json_reader *r, bpe_parts *parts) {
  static const char where[] = "the tokenizer";
  json_field f[FIELDS] = {[VERSION] = {.name = "version"},
                          [TRUNCATION] = {.name = "truncation"},
                          [PADDING] = {.name = "padding"},
                          [ADDED] = {.name = "added_tokens"},
                          [NORMALIZER] = {.name = "normalizer"},
                          [PRE_TOKENIZER] = {.name = "pre_tokenizer", .needed = true},
                          [POST_PROCESSOR] = {.name = "post_processor"},
                          [DECODER] = {.name = "decoder"},
                          [MODEL] = {.name = "model", .needed = true}};
  return json_read_document(r, where, f, FIELDS) && json_must_be(r, where, &f[VERSION], "\"1.0\"", NULL) &&
         json_must_be(r, where, &f[TRUNCATION], "null", NULL) &&
         json_must_be(r, where, &f[PADDING], "null", NULL) &&
         json_read_normalizer(r, f[NORMALIZER].value, &parts->form) &&
         json_read_pre_tokenizer(r, f[PRE_TOKENIZER].value, parts->split) &&
         json_check_post_processor(r, f[POST_PROCESSOR].value) && json_check_decoder(r, f[DECODER].value) &&
         json_read_model(r, f[MODEL].value, f[ADDED].value, parts);
}

bool tokenizer_json_read(const tokenizer_file *file, bpe_parts *parts) {
  json_reader r = {.file = file};
  bool good = read_parts(&r, parts);
  text_buffer_free(&r.text);
  return good;
}
