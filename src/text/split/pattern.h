/* Patterns of tiktoken and of tokenizer.json files, in PCRE2's words.

   What means the same in PCRE2 is taken over, what is spelled differently there is rewritten (\s, \w, ^, a script), and
   all the rest is refused by name: nothing is taken because it happens to compile. */
#ifndef HEADRACE_TEXT_SPLIT_PATTERN_H
#define HEADRACE_TEXT_SPLIT_PATTERN_H

#include "text/split/splitter.h"
#include "text/text_buffer.h"

/* Appends the pattern in PCRE2's syntax, which it means with PCRE2_UTF, PCRE2_UCP, PCRE2_DOLLAR_ENDONLY and line feed
   as the newline. false: why [room] says what is not implemented, and at which byte, or "no memory ...". */
bool pattern_translate(const char *pattern, size_t bytes, split_syntax syntax, text_buffer *out, char *why,
                       size_t room);

#endif
