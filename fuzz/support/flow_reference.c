#include <stdlib.h>
#include <string.h>

#include "support/flow.h"

static void put_ids(flow_ids *to, const int32_t *id, size_t count, bool masked) {
  to->id = realloc(to->id, (to->count + count + 1) * sizeof *to->id);
  to->loss = realloc(to->loss, to->count + count + 1);
  if (count) memcpy(to->id + to->count, id, count * sizeof *id);
  memset(to->loss + to->count, !masked, count);
  to->count += count;
  if (masked) to->masked += count;
}

static void encode(const flow *f, fuzz_part part, bool masked, flow_ids *to) {
  const BatchTokenizer *tokenizer = f->options.tokenizer ? f->options.tokenizer : flow_tokenizer(0);
  const char *text = (const char *)part.data;
  size_t size = batch_text_normalize(text, part.size, &f->text, NULL, 0);
  if (size == BATCH_TOKENIZER_FAILED) fuzz_fail("a document cannot be normalized");
  char *normal = malloc(size + 1);
  batch_text_normalize(text, part.size, &f->text, normal, size);
  size_t count = batch_tokenizer_encode(tokenizer, normal, size, NULL, 0);
  if (count == BATCH_TOKENIZER_FAILED) fuzz_fail("a document cannot be encoded");
  int32_t *id = malloc((count + 1) * sizeof *id);
  batch_tokenizer_encode(tokenizer, normal, size, id, count);
  put_ids(to, id, count, masked);
  free(id);
  free(normal);
}

/* Behind a message's content stands a line feed. */
static void encode_message(const flow *f, const flow_span *span, flow_ids *to) {
  uint8_t *content = malloc(span->text.size + 1);
  if (span->text.size) memcpy(content, span->text.data, span->text.size);
  content[span->text.size] = '\n';
  encode(f, (fuzz_part){content, span->text.size + 1}, span->masked, to);
  free(content);
}

static void encode_document(const flow *f, fuzz_part document, flow_ids *to) {
  flow_span spans[FLOW_SPANS];
  size_t count = flow_spans(f, document, spans);
  if (!f->parted) encode(f, document, false, to);
  for (size_t i = 0; i < count && f->parted; i++) {
    if (f->spans.kind == BATCH_SPANS_MESSAGES)
      encode_message(f, &spans[i], to);
    else if (spans[i].text.size > 0)
      encode(f, spans[i].text, spans[i].masked, to);
  }
}

flow_ids flow_reference(const flow *f) {
  flow_ids all = {0};
  for (size_t i = 0; i < f->count; i++) {
    if (f->options.separator == BATCH_SEPARATOR_BEFORE) put_ids(&all, &f->options.end_of_text, 1, false);
    encode_document(f, f->documents[i], &all);
    if (f->options.separator == BATCH_SEPARATOR_AFTER) put_ids(&all, &f->options.end_of_text, 1, false);
    all.ends[i] = all.count;
  }
  if (fuzz_control && all.count > 0) all.id[all.count / 2]++;
  return all;
}
