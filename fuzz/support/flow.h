/* What the target tokenize_then_feed tries: documents, how they are written, options, and what must become of them.

   input: options (flow_take), then documents with FUZZ_MARK between them. */
#ifndef HEADRACE_FUZZ_FLOW_H
#define HEADRACE_FUZZ_FLOW_H

#include "support/fuzz.h"

enum { FLOW_DOCUMENTS = 4, FLOW_SPANS = 4 };

typedef struct flow {
  unsigned how;
  bool jsonl, raw, parted; /* lines; as the input has them; of spans */
  batch_text_options text;
  batch_span_options spans;
  batch_dataset_options options;
  batch_writer_options writer;
  fuzz_part documents[FLOW_DOCUMENTS];
  size_t count;
  char paths[FLOW_DOCUMENTS][200];
  size_t num_paths;
  size_t step; /* bytes of a piece */
} flow;

/* A part of a document that is tokenized by itself. */
typedef struct flow_span {
  fuzz_part text;
  bool masked;
} flow_span;

/* What all documents become, one behind the other. */
typedef struct flow_ids {
  int32_t *id;
  uint8_t *loss; /* 0: not to be learnt */
  size_t count, masked;
  uint64_t ends[FLOW_DOCUMENTS];
} flow_ids;

/* Fills *f, whose options then point into it, and writes the files. */
void flow_take(flow *f, fuzz_input *in);

/* The tokenizers that there are: bytes, one of functions, byte-level BPE, SentencePiece. */
enum { FLOW_TOKENIZERS = 2 + 26 + 16 };
const BatchTokenizer *flow_tokenizer(unsigned number);

/* The spans of a document, parted at each bar; returns how many. */
size_t flow_spans(const flow *f, fuzz_part document, flow_span spans[FLOW_SPANS]);

/* Each document, or span, normalized and encoded at once. The caller frees id and loss. */
flow_ids flow_reference(const flow *f);

#endif
