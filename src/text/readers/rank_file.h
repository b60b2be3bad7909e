/* Rank files, tiktoken's: a line `BASE64 RANK` for each token; the rank is the id. */
#ifndef HEADRACE_TEXT_READERS_RANK_FILE_H
#define HEADRACE_TEXT_READERS_RANK_FILE_H

#include "text/bpe/bpe_model.h"
#include "text/tokenizer_file.h"

/* Reads all of it into a new model and finishes that. BATCH_ERROR_FORMAT names the line and what is in it. */
bool rank_file_read(const tokenizer_file *file, bpe_model *model);

#endif
