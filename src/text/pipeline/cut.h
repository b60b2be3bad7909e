/* Where a text may be cut before it is read to its end: where the tokenizer allows it and, if the text is normalized
   before it is tokenized, normalization does too. */
#ifndef HEADRACE_TEXT_PIPELINE_CUT_H
#define HEADRACE_TEXT_PIPELINE_CUT_H

#include "headrace/dataset.h"
#include "text/normalize.h"

typedef struct text_cutter {
  const BatchTokenizer *tokenizer;
  const batch_text_options *options;
  text_normalizer normalizer;
  text_buffer repaired, window;
} text_cutter;

/* Borrows both. */
text_cutter text_cutter_make(const BatchTokenizer *tokenizer, const batch_text_options *options);

/* Finds a late place in (from, bytes) at which raw text [bytes], which begins at the start of a document or at such a
   place, may be cut: encoded one by one, each normalized by itself and with `more` behind the cut, the parts give the ids of the
   whole, whatever follows. *at is 0 if none was found. BATCH_ERROR_OUT_OF_MEMORY. */
bool text_cutter_find(text_cutter *cutter, const char *text, size_t from, size_t bytes, size_t *at);

void text_cutter_free(text_cutter *cutter);

#endif
