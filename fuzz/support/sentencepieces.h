/* Small SentencePiece models, written by hand: sentencepiece_model.proto, as far as it is needed. */
#ifndef HEADRACE_FUZZ_SENTENCEPIECES_H
#define HEADRACE_FUZZ_SENTENCEPIECES_H

#include <stdbool.h>
#include <stdint.h>

typedef struct fuzz_pieces {
  bool bpe;           /* else unigram */
  bool byte_fallback; /* with the 256 pieces for it */
  bool line_feeds;    /* a piece of their own: the text is not cut into lines */
  bool squeezes;      /* remove_extra_whitespaces */
  bool prefix;        /* add_dummy_prefix */
  uint64_t seed;      /* of the other pieces */
} fuzz_pieces;

/* Returns the path, in fuzz_folder(). */
const char *fuzz_write_pieces(const fuzz_pieces *how);

#endif
