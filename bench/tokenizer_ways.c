/* What tokenizers are compared with: copying the bytes, and the tokenizer whose ids are the bytes. */
#include "bench.h"
#include "tokenizer.h"

#include <string.h>

static tokenizer_result copy(tokenizer_worker *worker, size_t document, bool sum) {
  const tokenizer_text *text = worker->text;
  size_t from = text->starts[document], count = text->starts[document + 1] - from;
  memcpy(worker->ids, text->bytes + from, count);
  return (tokenizer_result){count, sum ? tokenizer_sum(worker->ids, count / sizeof *worker->ids) : 0};
}

static BatchTokenizer *bytes;

static const BatchTokenizer *bytes_tokenizer(void) {
  if (!bytes && !(bytes = batch_tokenizer_bytes(0))) bench_wrong("%s", batch_last_error()->message);
  return bytes;
}

static bool make_bytes(tokenizer_worker *worker) {
  worker->state = NULL;
  return bytes_tokenizer();
}

static tokenizer_result encode_bytes(tokenizer_worker *worker, size_t document, bool sum) {
  const tokenizer_text *text = worker->text;
  size_t from = text->starts[document];
  size_t count = batch_tokenizer_encode(bytes, text->bytes + from, text->starts[document + 1] - from,
                                        worker->ids, TOKENIZER_DOCUMENT);
  return (tokenizer_result){count, sum ? tokenizer_sum(worker->ids, count) : 0};
}

void tokenizer_ways_finish(void) {
  batch_tokenizer_free(bytes);
}

const tokenizer_way tokenizer_memcpy = {.kind = WAY_COPY, .run = copy};
const tokenizer_way tokenizer_bytes = {
    .kind = WAY_BYTES, .make = make_bytes, .run = encode_bytes, .tokenizer = bytes_tokenizer};
