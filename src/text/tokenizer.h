/* What is known of a tokenizer beyond its public face, and what every kind of tokenizer fills in.

   Usage, by whoever encodes much in one thread:
       tokenizer_scratch scratch;
       if (!tokenizer_scratch_make(function, tokenizer, &scratch)) ...
       tokenizer_encode_part(function, tokenizer, &scratch, text, bytes, 0, ids, capacity)
       tokenizer_scratch_free(&scratch) */
#ifndef HEADRACE_TEXT_TOKENIZER_H
#define HEADRACE_TEXT_TOKENIZER_H

#include "headrace/tokenizer.h"

/* What a kind of ours answers when memory is short, and when it has set the error itself, a sentence without the name
   of a function. */
#define TOKENIZER_NO_MEMORY (BATCH_TOKENIZER_FAILED - 1)
#define TOKENIZER_SAID      (BATCH_TOKENIZER_FAILED - 2)

/* What encode and decode answer: as batch_tokenizer_encode and batch_tokenizer_decode, and the two above. They may
   run at the same time in any number of threads. */
typedef struct tokenizer_kind {
  /* before: bytes of its text in front of this part, encoded already; 0: it begins the text. scratch: one thread's, of scratch_make. */
  size_t (*encode)(const void *context, void *scratch, const char *text, size_t bytes, uint64_t before,
                   int32_t *ids, size_t capacity);
  size_t (*decode)(const void *context, const int32_t *ids, size_t count, char *text, size_t capacity);
  /* The last place in (from, bytes) where text [bytes] may be cut, so that the ids of both parts are those of the
     whole, whatever comes in front of it or follows; 0: there is none. from: there is none before. NULL: nowhere. */
  size_t (*cut)(const void *context, const char *text, size_t from, size_t bytes);
  /* One thread's working memory; NULL where none is needed. Answers NULL when out of memory. */
  void *(*scratch_make)(const void *context);
  void (*scratch_free)(void *scratch);
  void (*free)(void *context);      /* may be NULL */
  bool checked;                     /* ids are below the vocabulary size: they need not be looked at */
  bool decodes_each;                /* the text of ids is that of each, one behind the other */
  const struct decode_parts *parts; /* how else a document may be decoded in parts; NULL: it may not */
  batch_tokenizer_kind what;
  void (*describe)(const void *context, batch_tokenizer_facts *facts); /* what else is known; may be NULL */
} tokenizer_kind;

/* Of a kind whose ids mean something else at the start of a text, or one behind the other. */
typedef struct decode_parts {
  /* The last place, at most `count`, where ids may be cut; 0: there is none. */
  size_t (*cut)(const void *context, const int32_t *ids, size_t count);
  /* As decode, of ids that stand behind others. */
  size_t (*decode_behind)(const void *context, const int32_t *ids, size_t count, char *text, size_t capacity);
  /* *begun: what follows these ids, from the start of a text, stands behind others. TOKENIZER_NO_MEMORY and so on, or 0. */
  size_t (*begins)(const void *context, const int32_t *ids, size_t count, bool *begun);
} decode_parts;

/* A tokenizer, in the name of `function`, whose context must be freed if this fails. kind: borrowed for good. */
BatchTokenizer *tokenizer_make(const char *function, const tokenizer_kind *kind, void *context,
                               uint32_t vocab_size, int32_t end_of_text);

/* What it was made with, if it is of a kind that was made as `what`; else NULL. */
void *tokenizer_context(const BatchTokenizer *tokenizer, batch_tokenizer_kind what);

/* Tells a tokenizer, once it is made, a hash of what determines its ids: of the bytes of its file, and of whatever else
   it was made with. */
void tokenizer_identify(BatchTokenizer *tokenizer, uint64_t identity);
uint64_t tokenizer_identity(const BatchTokenizer *tokenizer); /* 0: not told */

/* A hash by which a run is continued with the tokenizer that it began with, or not: of what tokenizer_identify was told
   and of what becomes of a short text; 0: bytes. BATCH_ERROR_OUT_OF_MEMORY. */
bool tokenizer_fingerprint(const BatchTokenizer *tokenizer, uint64_t *fingerprint);

/* Ids of text are its bytes. NULL, the default, is such a tokenizer too. */
bool tokenizer_is_bytes(const BatchTokenizer *tokenizer);

/* As batch_tokenizer_decode, in the name of `function`; behind: others of their text, with a kind that has parts. */
size_t tokenizer_decode(const char *function, const BatchTokenizer *tokenizer, const int32_t *ids,
                        size_t count, bool behind, char *text, size_t capacity);

/* See tokenizer_kind. *begun: see decode_parts; false: an error is set. */
bool tokenizer_decodes_each(const BatchTokenizer *tokenizer);
size_t tokenizer_cut_ids(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count);
bool tokenizer_begins(const char *function, const BatchTokenizer *tokenizer, const int32_t *ids, size_t count,
                      bool *begun);

/* See tokenizer_kind. */
bool tokenizer_can_cut(const BatchTokenizer *tokenizer);
size_t tokenizer_cut(const BatchTokenizer *tokenizer, const char *text, size_t from, size_t bytes);

/* One thread's working memory for one tokenizer. */
typedef struct tokenizer_scratch {
  const tokenizer_kind *kind;
  void *memory;
} tokenizer_scratch;

/* BATCH_ERROR_OUT_OF_MEMORY. */
bool tokenizer_scratch_make(const char *function, const BatchTokenizer *tokenizer,
                            tokenizer_scratch *scratch);
void tokenizer_scratch_free(tokenizer_scratch *scratch);

/* As batch_tokenizer_encode in the name of `function`, of a part that was cut off, behind so many bytes of
   its text. */
size_t tokenizer_encode_part(const char *function, const BatchTokenizer *tokenizer,
                             const tokenizer_scratch *scratch, const char *text, size_t bytes,
                             uint64_t before, int32_t *ids, size_t capacity);

#endif
