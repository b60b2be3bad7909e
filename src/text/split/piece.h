/* A piece of text: what a split makes, and what is merged into ids by itself. */
#ifndef HEADRACE_TEXT_SPLIT_PIECE_H
#define HEADRACE_TEXT_SPLIT_PIECE_H

#include <stddef.h>

typedef struct piece {
  size_t start, end; /* text[start, end) */
} piece;

#endif
