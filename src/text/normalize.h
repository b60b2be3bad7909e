/* Normal form, case folding and white space of text that comes in pieces: the result is that of the whole
   text at once, however it is cut.

   Usage:
       text_normalizer n = {.options = options, .longest = longest};
       for every piece: text_normalizer_feed(&n, text, bytes, &out)      appends what is settled
       text_normalizer_end(&n, &out)                                     appends the rest; n may begin anew
       text_normalizer_free(&n) */
#ifndef HEADRACE_TEXT_NORMALIZE_H
#define HEADRACE_TEXT_NORMALIZE_H

#include "headrace/tokenizer.h"
#include "text/text_buffer.h"

typedef struct text_normalizer {
  const batch_text_options *options;
  size_t longest;  /* characters that may be held back */
  int32_t *points; /* decomposed, held back since what follows may still combine with them */
  size_t count, capacity;
  text_buffer formed; /* between normal form and white space */
  bool blank;         /* white space was read that is a blank unless a line break follows */
  bool carriage;      /* a CR was read last: its LF is the same line break */
} text_normalizer;

/* Whether the options (malformed aside) change anything. */
bool text_is_changed(const batch_text_options *options);

/* Copies a caller's options, which may be NULL, to mine; checks enumerators, and that this build has what is asked
   for. argument: what `function` calls them. */
bool text_options_read(const char *function, const char *argument, const batch_text_options *given,
                       batch_text_options *mine);

/* A piece must not end inside a character. Malformed bytes are kept, whatever the options say of them.
   BATCH_ERROR_OUT_OF_MEMORY; BATCH_ERROR_FORMAT: more characters than `longest` combine into one. */
bool text_normalizer_feed(text_normalizer *n, const char *text, size_t bytes, text_buffer *out);

bool text_normalizer_end(text_normalizer *n, text_buffer *out);

/* Whether the place `at`, 0 < at < bytes, parts text [bytes], repaired and normalized as the options say: what comes before
   it and what follows, each by itself, give the whole, whatever else is in front or behind. May say no where it could be
   yes. */
bool text_normalizer_parts(const batch_text_options *options, const char *text, size_t at, size_t bytes);

/* Between texts: gives back what has grown over so many bytes. */
void text_normalizer_shrink(text_normalizer *n, size_t most);

void text_normalizer_free(text_normalizer *n);

#endif
