/* Which merges of a model can come about at all.

   Whatever lies around it, a token comes about in one way only: what is merged within its bytes, as long as nothing is
   merged across their ends, is what is merged when they are alone, in the same order. So each token has one merge at
   most, that of the last two that are left of it when it is alone; and where it has one, it is what its bytes become. */
#ifndef HEADRACE_TEXT_BPE_FIND_MERGES_H
#define HEADRACE_TEXT_BPE_FIND_MERGES_H

#include "text/bpe/model.h"

/* Finds the merges and puts the tokens in the order of their symbols. See bpe_model_finish. */
bpe_status find_merges(bpe_model *m, bool by_rank, uint8_t *missing);

#endif
