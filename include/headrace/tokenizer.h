/* From text to token ids and back: a tokenizer, and what is done to the text before it.

   Usage:
       BatchTokenizer *bytes = batch_tokenizer_bytes(1); // ids 0 to 255
       int32_t ids[64]; // the end of text is 256
       size_t n = batch_tokenizer_encode(bytes, "mill race", 9, ids, 64);
       batch_tokenizer_free(bytes);

   One that a model was trained with comes from its file:
       BatchTokenizer *llama =
           batch_tokenizer_open("tokenizer.json", NULL);

   A tokenizer of the caller's own is three functions in a batch_tokenizer_functions, given to
   batch_tokenizer_custom.

   Threads: encode and decode may run at the same time on one tokenizer, from any number of
   threads (a caller's own functions must allow it); batch_tokenizer_free must be the last call.

   Life cycle: every batch_tokenizer_* constructor gives a tokenizer that the caller frees. What
   uses one (a dataset being opened, batch_tokenize_files) borrows it for the duration of the call. */
#ifndef HEADRACE_TOKENIZER_H
#define HEADRACE_TOKENIZER_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct BatchTokenizer BatchTokenizer;

/* What encode and decode answer on failure. */
#define BATCH_TOKENIZER_FAILED SIZE_MAX

/* A tokenizer: what a caller brings to batch_tokenizer_custom; start from BATCH_TOKENIZER_FUNCTIONS_INIT.
   Each function is given `context`. encode and decode write at most `capacity` items and return how many
   there are in all, which may be more (as snprintf does), or BATCH_TOKENIZER_FAILED. The same text must
   give the same count. encode is given each document whole: a text file, or the text of a line of .jsonl.
   Both are called from several threads at the same time, also from threads of the library's own while text
   is tokenized (options.workers of dataset.h; 1: from the calling thread alone). None of them may throw
   (see base.h). */
typedef struct batch_tokenizer_functions {
  size_t size; /* see base.h */
  size_t (*encode)(void *context, const char *text, size_t bytes, int32_t *ids, size_t capacity);
  size_t (*decode)(void *context, const int32_t *ids, size_t count, char *text, size_t capacity);
  void (*free)(void *context); /* may be NULL */
} batch_tokenizer_functions;

#define BATCH_TOKENIZER_FUNCTIONS_INIT HEADRACE_OPTIONS_INIT(batch_tokenizer_functions)

/* No end-of-text id. */
#define BATCH_NO_TOKEN (-INT32_C(1))

/* Makes the tokenizer whose ids are the bytes: vocabulary 256 + specials. Special ids (256 on) never come
   from text and decode to nothing; the first of them is the end of text.
   specials: 0 to 65,280, so that every id fits 16 bits.
   Returns: the tokenizer, owned by the caller; NULL on more, or lack of memory. */
HEADRACE_API BatchTokenizer *batch_tokenizer_bytes(uint32_t specials);

/* How text is split into the pieces that bytes are merged within. A tokenizer.json says it; a rank file
   does not. */
typedef enum batch_text_split {
  BATCH_SPLIT_OF_FILE = 0, /* as the file says */
  BATCH_SPLIT_GPT2,        /* GPT-2, GPT-3: r50k_base, p50k_base */
  BATCH_SPLIT_CL100K,      /* GPT-3.5, GPT-4 */
  BATCH_SPLIT_O200K,       /* GPT-4o */
  BATCH_SPLIT_LLAMA3,      /* Llama 3 */
  BATCH_SPLIT_QWEN2        /* Qwen to Qwen 3 */
} batch_text_split;

/* Special tokens (<|endoftext|>) that a text spells out. Whoever writes a web page may write one. */
typedef enum batch_specials {
  BATCH_SPECIALS_IGNORE = 0, /* they are text like any other */
  BATCH_SPECIALS_ALLOW,      /* they become the token */
  BATCH_SPECIALS_ERROR       /* BATCH_ERROR_FORMAT with the token and the byte */
} batch_specials;

/* A special token of a rank file: its text, which is not empty, and its id. */
typedef struct batch_special_token {
  const char *text;
  int32_t id;
} batch_special_token;

/* What a file does not say; start from BATCH_TOKENIZER_OPTIONS_INIT. What the kind of file has no use for
   must be 0. */
typedef struct batch_tokenizer_options {
  size_t size;             /* see base.h */
  batch_text_split split;  /* rank files: one of the names */
  batch_specials specials; /* rank files and tokenizer.json */
  /* Rank files: [special_token_count], copied; beside the well-known ones of the split, and instead of those
     with the same id or text. */
  const batch_special_token *special_tokens;
  size_t special_token_count;
} batch_tokenizer_options;

#define BATCH_TOKENIZER_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_tokenizer_options)

/* Loads the tokenizer of a file. Which one of these it is, the bytes say, not the name:
   - a rank file of tiktoken (.tiktoken: a line `BASE64 RANK` for each token), with options.split. The
     well-known special tokens of that split are added where the file does not have their ids;
   - a tokenizer.json of Hugging Face with a byte-level BPE model. What is in it and would change ids, and
     is not implemented, is refused with its name and value;
   - a SentencePiece model, see batch_tokenizer_sentencepiece.

   Ids are those of tiktoken, and of Hugging Face's tokenizers without the special tokens that a
   post-processor adds, for every text of UTF-8; they depend on the version of the Unicode tables, see
   batch_tokenizer_describe. Bytes that are not UTF-8 are merged like others.

   batch_tokenizer_decode gives back the bytes that were encoded, but for what the tokenizer drops: by its
   own normal form, by a split that removes, and white space that added tokens with lstrip or rstrip take
   along. An id below the vocabulary size that is no token is an error (BATCH_ERROR_OUT_OF_RANGE).

   The end of text is the first of <|endoftext|>, <|end_of_text|>, <｜end▁of▁sentence｜>, <eos>, </s>,
   <|im_end|> that is an added or special token.
   options: NULL for none.
   Returns: the tokenizer, owned by the caller; NULL with BATCH_ERROR_INVALID_ARGUMENT (options that the
   file has no use for, or a rank file without a split); BATCH_ERROR_IO; BATCH_ERROR_FORMAT with the path,
   the place, what was found and what was expected; BATCH_ERROR_UNSUPPORTED in a build without what the file
   needs (PCRE2, utf8proc for its normal form, libsentencepiece); BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API BatchTokenizer *batch_tokenizer_open(const char *path, const batch_tokenizer_options *options);

/* Loads a SentencePiece model. The end of text is its eos id, if it has one. A model for which a line feed
   is white space (spm_train's default) or unknown gives the ids of each line, as spm_encode does; one that
   has line feeds, as pieces or bytes, gives the ids of the text with them.

   The model is checked first, but SECURITY.md says why it should come from where you trust. From then on
   libsentencepiece writes nothing to stderr, in the whole process.
   Returns: the tokenizer, owned by the caller; NULL with BATCH_ERROR_IO; BATCH_ERROR_FORMAT with the path
   and what was found instead; BATCH_ERROR_UNSUPPORTED in a build without libsentencepiece;
   BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API BatchTokenizer *batch_tokenizer_sentencepiece(const char *path);

/* Makes a tokenizer of the caller's own functions (copied) and context. Every id must be below vocab_size,
   1 to 2^31; end_of_text is one of them or BATCH_NO_TOKEN.
   Returns: the tokenizer, owned by the caller; NULL with BATCH_ERROR_INVALID_ARGUMENT or
   BATCH_ERROR_OUT_OF_MEMORY: then `free` is not called. */
HEADRACE_API BatchTokenizer *batch_tokenizer_custom(const batch_tokenizer_functions *functions, void *context,
                                                    uint32_t vocab_size, int32_t end_of_text);

/* Frees the tokenizer and its context. NULL is fine; freeing it twice aborts. */
HEADRACE_API void batch_tokenizer_free(BatchTokenizer *tokenizer);

/* Encodes `bytes` bytes of text; they need not be terminated and may hold zero bytes.
   ids: [capacity], may be NULL when capacity is 0.
   Returns: how many ids the text has, of which the first `capacity` are in ids;
   BATCH_TOKENIZER_FAILED with an error when it cannot be encoded, or when an id is below 0 or
   not below the vocabulary size. */
HEADRACE_API size_t batch_tokenizer_encode(const BatchTokenizer *tokenizer, const char *text, size_t bytes,
                                           int32_t *ids, size_t capacity);

/* Decodes ids [count] into text [capacity], which is not terminated.
   Returns: how many bytes the text has, of which the first `capacity` are in text; BATCH_TOKENIZER_FAILED
   with an error: BATCH_ERROR_OUT_OF_RANGE where an id lies outside the vocabulary. */
HEADRACE_API size_t batch_tokenizer_decode(const BatchTokenizer *tokenizer, const int32_t *ids, size_t count,
                                           char *text, size_t capacity);

/* Decodes documents in parts, for those that are too long to be held: the text of all parts is what
   batch_tokenizer_decode gives for the document at once. One thread at a time.

   Usage:
       BatchDecoder *decoder = batch_decoder_create(tokenizer);
       while ((count = next_ids(ids, &ends)) > 0)
         if (batch_decoder_feed(decoder, ids, count, ends, &text, &bytes))
           fwrite(text, 1, bytes, stdout);
       batch_decoder_free(decoder); */
typedef struct BatchDecoder BatchDecoder;

/* Makes a decoder for a tokenizer, which is borrowed and must live as long.
   Returns: the decoder, owned by the caller; NULL with BATCH_ERROR_INVALID_ARGUMENT or
   BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API BatchDecoder *batch_decoder_create(const BatchTokenizer *tokenizer);

/* Takes the next ids [count] of a document, and gives the text [*bytes] that they add, which belongs to the
   decoder and is good until its next call. What cannot be decoded without the ids behind it waits for them: a
   few ids; of a tokenizer of your own the document, which it is given whole.
   ends: they are the last ones of the document; the next ones begin another.
   Returns: true; false with BATCH_ERROR_OUT_OF_RANGE, BATCH_ERROR_FORMAT (the tokenizer refuses ids),
   BATCH_ERROR_OUT_OF_MEMORY. Then the document is forgotten, and the next ids begin one. */
HEADRACE_API bool batch_decoder_feed(BatchDecoder *decoder, const int32_t *ids, size_t count, bool ends,
                                     const char **text, size_t *bytes);

/* Frees the decoder, not its tokenizer. NULL is fine; freeing it twice aborts. */
HEADRACE_API void batch_decoder_free(BatchDecoder *decoder);

/* Returns what all ids are below; of NULL 0 with an error. */
HEADRACE_API uint32_t batch_tokenizer_vocab_size(const BatchTokenizer *tokenizer);

/* Returns the id of the end of text, or BATCH_NO_TOKEN where there is none; of NULL that, with an error. */
HEADRACE_API int32_t batch_tokenizer_end_of_text(const BatchTokenizer *tokenizer);

/* Bytes that are not UTF-8. */
typedef enum batch_malformed {
  BATCH_MALFORMED_KEEP = 0, /* go to the tokenizer as they are */
  BATCH_MALFORMED_REPLACE,  /* each maximal malformed part becomes one U+FFFD */
  BATCH_MALFORMED_ERROR     /* BATCH_ERROR_FORMAT with the offset of the first one */
} batch_malformed;

/* Normal forms of Unicode. */
typedef enum batch_normal_form {
  BATCH_NORMAL_NONE = 0,
  BATCH_NORMAL_NFC, /* canonical composition */
  BATCH_NORMAL_NFKC /* compatibility composition */
} batch_normal_form;

/* What a tokenizer was made of. */
typedef enum batch_tokenizer_kind {
  BATCH_TOKENIZER_BYTES = 0,
  BATCH_TOKENIZER_CUSTOM,
  BATCH_TOKENIZER_SENTENCEPIECE,
  BATCH_TOKENIZER_RANKS, /* a rank file */
  BATCH_TOKENIZER_JSON   /* a tokenizer.json */
} batch_tokenizer_kind;

/* What is known of a tokenizer; start from BATCH_TOKENIZER_FACTS_INIT. Texts belong to the tokenizer. */
typedef struct batch_tokenizer_facts {
  size_t size; /* see base.h */
  batch_tokenizer_kind kind;
  uint32_t vocab_size;   /* ids are below it */
  int32_t end_of_text;   /* or BATCH_NO_TOKEN */
  uint32_t added_tokens; /* tokens that are found before the text is split, special ones too */
  batch_specials specials;
  batch_normal_form normal_form; /* the tokenizer's own */
  const char *split;             /* what splits text: the name of a scanner, or "PCRE2"; NULL: nothing does */
  const char *split_unicode;     /* the version of the Unicode tables of that, "14.0.0"; NULL: none */
  const char *normal_unicode;    /* of those of the normal form; NULL: it has none */
} batch_tokenizer_facts;

#define BATCH_TOKENIZER_FACTS_INIT HEADRACE_OPTIONS_INIT(batch_tokenizer_facts)

/* Fills *facts, which begins as BATCH_TOKENIZER_FACTS_INIT.
   Returns: true; false on NULL, with an error. */
HEADRACE_API bool batch_tokenizer_describe(const BatchTokenizer *tokenizer, batch_tokenizer_facts *facts);

/* What is done to text before it is tokenized: nothing, as BATCH_TEXT_OPTIONS_INIT. */
typedef struct batch_text_options {
  size_t size; /* see base.h */
  batch_malformed malformed;
  batch_normal_form normal_form;
  bool fold_case;      /* Unicode full case folding */
  bool squeeze_space;  /* see batch_text_normalize */
  uint8_t reserved[6]; /* 0 */
} batch_text_options;

#define BATCH_TEXT_OPTIONS_INIT HEADRACE_OPTIONS_INIT(batch_text_options)

/* Normalizes text: malformed bytes, then normal form and case folding (utf8proc), then white space: every
   line break (CR, CR LF, U+0085, U+2028, U+2029, and VT, FF) becomes LF, every other run of white space one
   space, none is left before a line break. Malformed bytes that are kept pass through and separate what is
   normalized.
   text: [bytes].
   out: [capacity], may be NULL when capacity is 0; it does not overlap text.
   options: NULL for none.
   Returns: how many bytes the result has, of which the first `capacity` are in out; BATCH_TOKENIZER_FAILED
   with BATCH_ERROR_FORMAT (malformed, with the offset), BATCH_ERROR_UNSUPPORTED (normal form or case
   folding in a build without utf8proc), BATCH_ERROR_OUT_OF_MEMORY. */
HEADRACE_API size_t batch_text_normalize(const char *text, size_t bytes, const batch_text_options *options,
                                         char *out, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
