/* How tokens are stored: sizes, largest ids, widening and narrowing. */
#ifndef HEADRACE_DATASET_TOKEN_TYPE_H
#define HEADRACE_DATASET_TOKEN_TYPE_H

#include "headrace/dataset.h"

/* The largest id that a token type can hold: an id is an int32_t. */
uint32_t token_type_max(batch_token_type type);

/* The type that a file's name tells: x.u32 and x.u32.bin are u32; DEFAULT: none. */
batch_token_type token_type_of_name(const char *path);

/* The type that ids of so many bytes have where nothing else is said; DEFAULT: there is none. */
batch_token_type token_type_of_width(uint64_t width);

/* Widens count tokens as they are stored (raw, any alignment) to ids. */
void token_widen(batch_token_type type, const void *raw, size_t count, int64_t *ids);

/* Stores count ids, none below 0 or above token_type_max(type), as tokens (raw, any alignment). */
void token_narrow(batch_token_type type, const int32_t *ids, size_t count, void *raw);

#endif
