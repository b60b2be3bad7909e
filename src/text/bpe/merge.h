/* From the bytes of a piece to its ids. */
#ifndef HEADRACE_TEXT_BPE_MERGE_H
#define HEADRACE_TEXT_BPE_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "text/bpe/merges.h"

/* Merges ids [count], those of the bytes of a piece, in place, and answers how many are left. */
size_t merge_ids(const merges *all, int32_t *ids, size_t count);

#endif
