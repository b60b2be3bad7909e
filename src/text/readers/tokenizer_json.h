/* tokenizer.json, Hugging Face's: read into the parts of a byte-level BPE tokenizer. Every member of every object is
   known and looked at, or the file is refused with its name and value. */
#ifndef HEADRACE_TEXT_READERS_TOKENIZER_JSON_H
#define HEADRACE_TEXT_READERS_TOKENIZER_JSON_H

#include "text/readers/json_reader.h"
#include "text/tokenizer_bpe.h"

/* parts: empty, from bpe_parts_make; parts->specials says what special tokens are. */
bool tokenizer_json_read(const tokenizer_file *file, bpe_parts *parts);

/* Its parts. A value whose text is NULL, or null, is none. */
bool json_read_normalizer(json_reader *r, json_slice value,
                          own_form_rules **form); /* from malloc; NULL: none */
bool json_read_pre_tokenizer(json_reader *r, json_slice value, splitter *split);
bool json_check_post_processor(json_reader *r, json_slice value);
bool json_check_decoder(json_reader *r, json_slice value);
bool json_read_model(json_reader *r, json_slice value, json_slice added, bpe_parts *parts);

/* Added tokens as they stand in the file, by the order of their texts. */
typedef struct json_added_token {
  added_token token;
  json_slice content; /* as it stands there */
  size_t order;       /* in the file */
  bool in_vocab;      /* under a text that no bytes give */
} json_added_token;

typedef struct json_added {
  json_added_token *list;
  size_t count, capacity;
} json_added;

bool json_read_added(json_reader *r, json_slice value, json_added *added);
void json_added_free(json_added *added);
json_added_token *json_added_find(const json_added *added, const char *text, size_t bytes);

/* Hands them to parts->added, with the ids that Hugging Face's library gives them: that of the vocabulary, of `count`
   tokens, where they are in it, else the next one behind its number of tokens. */
bool json_give_added(json_reader *r, json_added *added, size_t count, bpe_parts *parts);

bool json_no_memory(const json_reader *r);

/* A word for who has a SentencePiece model in front of them. */
#define JSON_USE_MODEL "(a model of SentencePiece: give its tokenizer.model instead)"

#endif
