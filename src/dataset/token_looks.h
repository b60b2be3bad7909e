/* Whether tokens look as wide as they are said to be. No vocabulary that is in use reaches 2^20: read as
   u16, u32 and i64 tokens have a zero or a tiny number in every second or in three of four places, and u16
   tokens read as u32 are nearly all above it. */
#ifndef HEADRACE_DATASET_TOKEN_LOOKS_H
#define HEADRACE_DATASET_TOKEN_LOOKS_H

#include "dataset/token_files.h"

/* Who says of what type the tokens are. */
typedef enum token_witness {
  TOKENS_BY_DEFAULT, /* nobody */
  TOKENS_BY_NAME,
  TOKENS_BY_INDEX
} token_witness;

/* Looks at the head, the middle and the tail of an open file, 3 KiB in all, and refuses what cannot be of
   file->type. Few, constant and small ids tell nothing and pass. */
bool token_looks_check(const token_file *file, token_witness witness);

#endif
