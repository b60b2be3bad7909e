/* What a model is made of. */
#ifndef HEADRACE_TEXT_BPE_MODEL_H
#define HEADRACE_TEXT_BPE_MODEL_H

#include "text/bpe/bpe_model.h"
#include "text/bpe/merges.h"
#include "text/bpe/vocabulary.h"

struct bpe_model {
  vocabulary tokens; /* once it is finished a symbol is the number of its token */
  pairs listed;      /* of the numbers of tokens, in the order of the list */
  int32_t listed_count;
  bool whole;
  merges merges;
  int32_t symbols; /* how many there are: tokens from here on never come about by merging */
};

#endif
