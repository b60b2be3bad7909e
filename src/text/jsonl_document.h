/* The document of a line: its text, and the spans of it that are learnt or not. */
#ifndef HEADRACE_TEXT_JSONL_DOCUMENT_H
#define HEADRACE_TEXT_JSONL_DOCUMENT_H

#include "text/text_buffer.h"

/* A part that is tokenized on its own. */
typedef struct jsonl_span {
  size_t end;  /* in the text */
  bool masked; /* not learnt */
} jsonl_span;

typedef struct jsonl_document {
  text_buffer text;
  jsonl_span *spans; /* [num_spans], one behind the other; 0: the text is one, which is learnt */
  size_t num_spans, most_spans;
  text_buffer role; /* of a message, while it is read */
} jsonl_document;

void jsonl_document_clear(jsonl_document *document);

/* Makes a span of the text behind the last one, if there is any. BATCH_ERROR_OUT_OF_MEMORY. */
bool jsonl_document_end_span(jsonl_document *document, bool masked);

/* Gives back what has grown over so many bytes. */
void jsonl_document_shrink(jsonl_document *document, size_t most);

void jsonl_document_free(jsonl_document *document);

#endif
