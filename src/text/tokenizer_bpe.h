/* The byte-level BPE tokenizer: added tokens are found, the rest is normalized, split and merged.

   Threads: nothing changes it once it is made; each thread has a scratch of its own. */
#ifndef HEADRACE_TEXT_TOKENIZER_BPE_H
#define HEADRACE_TEXT_TOKENIZER_BPE_H

#include "text/added_tokens.h"
#include "text/bpe/bpe_model.h"
#include "text/own_form.h"
#include "text/split/splitter.h"
#include "text/tokenizer.h"

/* What it is made of, all of it finished. */
typedef struct bpe_parts {
  bpe_model *model;
  splitter *split;
  added_tokens *added;
  batch_specials specials;
  own_form_rules *form; /* NULL: text is taken as it is */
} bpe_parts;

/* Makes the three, empty. BATCH_ERROR_OUT_OF_MEMORY with the path. */
bool bpe_parts_make(const char *path, bpe_parts *parts);
void bpe_parts_free(bpe_parts *parts);

/* Makes a tokenizer of the parts, which are its own from then on, or freed where this fails. */
BatchTokenizer *tokenizer_bpe_make(const char *function, batch_tokenizer_kind kind, bpe_parts *parts);

/* See tokenizer_kind. context: the parts. */
size_t tokenizer_bpe_cut(const void *context, const char *text, size_t from, size_t bytes);

/* Of what a tokenizer is made, for comparisons: NULL where it is of another kind. The splitter may be changed before
   anything is encoded. */
splitter *tokenizer_bpe_splitter(BatchTokenizer *tokenizer);
const bpe_model *tokenizer_bpe_model(const BatchTokenizer *tokenizer);

#endif
