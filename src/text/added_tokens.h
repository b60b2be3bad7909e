/* Tokens that are found in a text as they are written, before it is split and merged: the added tokens of a
   tokenizer.json, the special ones of a rank file. What is found, and where, is what Hugging Face's library finds
   (added_vocabulary.rs): the leftmost match, of those that begin there the longest, then on behind it.

   Usage:
       added_tokens *tokens = added_tokens_create();
       added_tokens_add(tokens, &(added_token){"<|endoftext|>", 13, 50256, .special = true}) ...
       added_tokens_finish(tokens, BATCH_SPECIALS_ALLOW, &clash)
       added_walk walk = {text, bytes, .normalized = false};
       added_part part;
       while (added_tokens_next(tokens, &walk, &part)) ...         all of the text, part by part
       added_tokens_free(tokens);

   Threads: from added_tokens_finish on nothing changes them. */
#ifndef HEADRACE_TEXT_ADDED_TOKENS_H
#define HEADRACE_TEXT_ADDED_TOKENS_H

#include "headrace/tokenizer.h"

typedef struct added_token {
  const char *text;
  size_t bytes; /* at least 1 */
  int32_t id;
  bool special;         /* batch_specials says what becomes of it */
  bool normalized;      /* found in the normalized text, in what the others have left */
  bool lstrip, rstrip;  /* takes the white space before it, behind it, along */
  bool single_word;     /* not found beside a letter, digit, mark or _ */
  bool only_id;         /* never found: a text for an id */
  const char *found_as; /* normalized: the normal form of the text; NULL: that is the text itself */
  size_t found_bytes;
} added_token;

typedef struct added_tokens added_tokens;

typedef enum added_status { ADDED_OK, ADDED_ID_TAKEN, ADDED_TEXT_TAKEN, ADDED_NO_MEMORY } added_status;

/* Answers NULL when out of memory. */
added_tokens *added_tokens_create(void);
void added_tokens_free(added_tokens *tokens); /* NULL is fine */

/* Copies a token, its texts too. */
added_status added_tokens_add(added_tokens *tokens, const added_token *token);

/* Call it once, when all were added. *clash: one of the two that have an id, or a text, in common. */
added_status added_tokens_finish(added_tokens *tokens, batch_specials specials, const added_token **clash);

size_t added_tokens_count(const added_tokens *tokens);

/* By the order of ids, once they are finished, and by id or by text: NULL where there is none. */
const added_token *added_tokens_at(const added_tokens *tokens, size_t index);
const added_token *added_tokens_of(const added_tokens *tokens, int32_t id);
const added_token *added_tokens_named(const added_tokens *tokens, const char *text, size_t bytes);

/* Whether there are any that are found in the raw text, in the normalized one. */
bool added_tokens_found(const added_tokens *tokens, bool normalized);

/* Where a walk over a text is. */
typedef struct added_walk {
  const char *text;
  size_t bytes;
  bool normalized;         /* the text is, and the tokens that are found are those of normalized text */
  size_t at;               /* no match is looked for before */
  size_t given;            /* the parts up to here were given */
  const added_token *held; /* a match whose text before it was given just now */
  size_t held_end;
} added_walk;

typedef struct added_part {
  const added_token *token; /* NULL: text */
  size_t start, end;
} added_part;

/* The next part: false behind the last one. A part of text is never empty. With BATCH_SPECIALS_ERROR a special token
   is a part like the others: the caller refuses it. */
bool added_tokens_next(const added_tokens *tokens, added_walk *walk, added_part *part);

/* Whether a text that is raw, and the same when normalized, may be cut at `at`, between two characters of it, as far as
   these tokens go. False is always right. */
bool added_tokens_allow_cut(const added_tokens *tokens, const char *text, size_t bytes, size_t at);

#endif
