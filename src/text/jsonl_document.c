#include "text/jsonl_document.h"

#include <stdlib.h>

#include "base/error.h"

void jsonl_document_clear(jsonl_document *d) {
  d->text.used = d->num_spans = 0;
}

bool jsonl_document_end_span(jsonl_document *d, bool masked) {
  size_t begin = d->num_spans > 0 ? d->spans[d->num_spans - 1].end : 0;
  if (d->text.used == begin) return true;
  if (d->num_spans == d->most_spans) {
    size_t most = d->most_spans ? 2 * d->most_spans : 16;
    jsonl_span *grown = reallocarray(d->spans, most, sizeof *grown);
    if (!grown) return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "text: no memory for %zu spans", most);
    d->spans = grown;
    d->most_spans = most;
  }
  d->spans[d->num_spans++] = (jsonl_span){d->text.used, masked};
  return true;
}

static void free_spans(jsonl_document *d) {
  free(d->spans);
  d->spans = NULL;
  d->num_spans = d->most_spans = 0;
}

void jsonl_document_shrink(jsonl_document *d, size_t most) {
  text_buffer_shrink(&d->text, most);
  text_buffer_shrink(&d->role, most);
  if (d->most_spans > most / sizeof *d->spans) free_spans(d);
}

void jsonl_document_free(jsonl_document *d) {
  text_buffer_free(&d->text);
  text_buffer_free(&d->role);
  free_spans(d);
}
