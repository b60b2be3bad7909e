/* The tokenizer suite: what its files share. tokenizer.c has the cells, tokenizer_measure.c and tokenizer_files.c measure
   them, tokenizer_text.c makes the texts; what is measured is in tokenizer_bpe.c, tokenizer_ways.c and tokenizer_sentencepiece.cc. */
#ifndef BENCH_TOKENIZER_H
#define BENCH_TOKENIZER_H

#include <headrace/tokenizer.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { TOKENIZER_MOST_THREADS = 256, TOKENIZER_MOST_TEXTS = 4, TOKENIZER_DOCUMENT = 1 << 16 };

/* A text in documents: lines, TOKENIZER_DOCUMENT bytes of them at most. */
typedef struct tokenizer_text {
  const char *name;
  const char *source; /* what it is, for the reader of a table */
  char *bytes;
  size_t count;
  size_t *starts; /* [documents + 1], the last of which is count */
  size_t documents;
} tokenizer_text;

/* english, code, chinese, random; of a file, that alone. Texts that this machine has nothing for are left out. Says on
   stderr what is wrong and returns false. quick: short ones. */
bool tokenizer_texts_make(const char *file, bool quick);
void tokenizer_texts_free(void);
extern tokenizer_text tokenizer_texts[TOKENIZER_MOST_TEXTS];
extern size_t tokenizer_text_count;

/* One thread's working memory in one way. */
typedef struct tokenizer_worker {
  const struct tokenizer_way *way;
  const tokenizer_text *text;
  int32_t *ids; /* [TOKENIZER_DOCUMENT] */
  void *state;  /* the way's */
} tokenizer_worker;

/* What came out of a document: TOKENIZER_FAILED after bench_wrong(). */
typedef struct tokenizer_result {
  size_t count; /* of ids, or bytes, or pieces; SIZE_MAX: it failed */
  uint64_t sum; /* depends on each of them and on their order; 0 unless it was asked for */
} tokenizer_result;

static const tokenizer_result TOKENIZER_FAILED = {SIZE_MAX, 0};

/* Ways of one kind must come to the same. */
typedef enum tokenizer_kind_of_way {
  WAY_COPY,
  WAY_BYTES,
  WAY_IDS,
  WAY_PIECES,
  WAY_SENTENCEPIECE,
  WAY_KINDS
} tokenizer_kind_of_way;

/* A way from text to ids, or a part of it. */
typedef struct tokenizer_way {
  tokenizer_kind_of_way kind;
  bool remembers;                         /* what came before: cold and warm are not the same */
  bool (*make)(tokenizer_worker *worker); /* state; false after bench_wrong(). NULL: none is needed */
  tokenizer_result (*run)(tokenizer_worker *worker, size_t document, bool sum);
  void (*free)(void *state); /* NULL: nothing */
  /* The same as a tokenizer, for whole files; NULL after bench_wrong(). Without: it is none. */
  const BatchTokenizer *(*tokenizer)(void);
} tokenizer_way;

static inline uint64_t tokenizer_sum(const int32_t *ids, size_t count) {
  uint64_t sum = count;
  for (size_t i = 0; i < count; i++) sum = ((sum ^ (uint32_t)ids[i]) * UINT64_C(0x9E3779B97F4A7C15)) >> 1;
  return sum;
}

extern const tokenizer_way tokenizer_memcpy, tokenizer_bytes;
void tokenizer_ways_finish(void);

/* tokenizer_train.c: writes a rank file of 8000 tokens (quick: 2000) for the split of GPT-4, trained on the beginnings of the
   texts. False: no memory. */
bool tokenizer_train(FILE *ranks, bool quick);

/* tokenizer_bpe.c: opens the tokenizer of a file, or without one trains a vocabulary. Says on stderr what is wrong and
   returns false. */
bool tokenizer_bpe_built(void); /* false: without PCRE2 there is none */
bool tokenizer_bpe_prepare(const char *file, const char *split, bool quick);
void tokenizer_bpe_finish(void);
extern const tokenizer_way tokenizer_own, tokenizer_with_pcre2, tokenizer_split, tokenizer_split_pcre2,
    tokenizer_merge, tokenizer_broken;

/* tokenizer_sentencepiece.cc: a model of BPE with 8000 pieces, trained on a part of the texts when it is first asked for. Not
   there where it was not built. */
extern const tokenizer_way tokenizer_sentencepiece __attribute__((weak));
void tokenizer_sentencepiece_finish(void) __attribute__((weak));

/* tokenizer_measure.c: what each document comes to, by the first way of a kind, and whether another way comes to the same;
   NULL and false after bench_wrong(). */
const tokenizer_result *tokenizer_expect(size_t text, const tokenizer_way *first);
bool tokenizer_is_right(const tokenizer_way *way, size_t text, const tokenizer_result *right);
void tokenizer_measure_finish(void);

/* So many threads for so many seconds, each over and over the whole text, which they have seen once before; cold: whole passes,
   each with a worker that is made for it. *speed: MB/s of all together. */
bool tokenizer_memory_measure(const tokenizer_way *way, size_t text, const tokenizer_result *right,
                              uint32_t threads, bool cold, double seconds, double *speed);

/* tokenizer_files.c: from a file with the text, some times over, to a file of ids. *tokens: how many, *speed: MB/s. False after
   bench_wrong(). */
bool tokenizer_files_measure(size_t text, const BatchTokenizer *tokenizer, uint32_t workers, bool quick,
                             uint64_t *tokens, double *speed);
void tokenizer_files_finish(void);

#ifdef __cplusplus
}
#endif
#endif
