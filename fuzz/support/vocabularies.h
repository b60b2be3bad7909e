/* Files of tokenizers with random vocabularies (support/bpe_reference.h), in fuzz_folder().

   Usage:
       bpe_reference_make(r, &state, 100, 4, false);
       fuzz_number(r);
       const char *path = fuzz_write_json(r, tokens, count, "null", FUZZ_SPLIT_GPT2); */
#ifndef HEADRACE_FUZZ_VOCABULARIES_H
#define HEADRACE_FUZZ_VOCABULARIES_H

#include "support/bpe_reference.h"
#include "support/fuzz.h"

/* An added token. In its flags l, r and w are lstrip, rstrip and single_word, n normalized, s special. */
typedef struct fuzz_token {
  const char *content, *flags;
  int32_t id; /* where it is none of the vocabulary, the next one behind it: fuzz_number_added */
} fuzz_token;

#define FUZZ_SPLIT_GPT2 "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":true}"
#define FUZZ_SPLIT_LLAMA3                                                                                    \
  "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\""                  \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| "                     \
  "?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"                       \
  "\"},\"behavior\":\"Isolated\",\"invert\":false},"                                                         \
  "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}]}"

/* A rank file. */
const char *fuzz_write_ranks(const bpe_reference *r);

/* A tokenizer.json. What it holds has numbers without holes, and added tokens follow them: as Hugging Face's library
   numbers them. */
void fuzz_number(bpe_reference *r);
void fuzz_number_added(const bpe_reference *r, fuzz_token *added, size_t count);
const char *fuzz_write_json(const bpe_reference *r, const fuzz_token *added, size_t count,
                            const char *normalizer, const char *pre_tokenizer);

#endif
