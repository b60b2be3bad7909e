/* The loss mask of a file of tokens, in the companion PATH.loss: which of its tokens are to be learnt. */
#ifndef HEADRACE_DATASET_TOKEN_LOSS_H
#define HEADRACE_DATASET_TOKEN_LOSS_H

#include "dataset/token_files.h"

/* Opens the companion of a file whose tokens are known, where there is one; what it is in full is in file->loss, also
   after a failure. */
bool token_loss_open(token_file *file);

/* Whether the companion is still the one that was opened: another one may be of other tokens. */
bool token_loss_check_stayed(const token_loss *loss);

void token_loss_close(token_loss *loss);

/* Reads of tokens [first, first + count) of the file, counted from its own first one, whether they are to be learnt: 1 or
   0. pread: no signal, but from the caller's memory. */
bool token_loss_read(const token_file *file, uint64_t first, size_t count, uint8_t *loss);

#endif
