/* The special tokens of rank files, which do not hold them. */
#ifndef HEADRACE_TEXT_READERS_RANK_SPECIALS_H
#define HEADRACE_TEXT_READERS_RANK_SPECIALS_H

#include "text/added_tokens.h"
#include "text/bpe/bpe_model.h"

/* Adds those that are well known beside a vocabulary of that name, but for ids that the model has, and for ids and texts
   that `tokens` has already. */
added_status rank_specials_add(added_tokens *tokens, batch_text_split split, const bpe_model *model);

#endif
