/* Random text made of what normalization, line ends and tokenizers trip over: marks, jamo, ligatures, white space
   of every kind, line breaks of every kind, malformed bytes, words. */
#ifndef HEADRACE_TESTS_RANDOM_TEXT_H
#define HEADRACE_TESTS_RANDOM_TEXT_H

#include "support/files.h"

/* About `bytes` bytes; *state is advanced. malformed: with bytes that are not UTF-8. */
bytes random_text(uint64_t *state, size_t count, bool malformed);

#endif
