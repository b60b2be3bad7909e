#include "text/readers/rank_specials.h"

#include <stdio.h>
#include <string.h>

typedef struct special {
  batch_text_split split;
  int32_t id;
  const char *text;
} special;

/* As tiktoken has them (r50k_base, p50k_base, cl100k_base, o200k_base), Meta's tokenizer of Llama 3, and Qwen's. */
static const special specials[] = {
    {BATCH_SPLIT_GPT2, 50256, "<|endoftext|>"},
    {BATCH_SPLIT_CL100K, 100257, "<|endoftext|>"},
    {BATCH_SPLIT_CL100K, 100258, "<|fim_prefix|>"},
    {BATCH_SPLIT_CL100K, 100259, "<|fim_middle|>"},
    {BATCH_SPLIT_CL100K, 100260, "<|fim_suffix|>"},
    {BATCH_SPLIT_CL100K, 100276, "<|endofprompt|>"},
    {BATCH_SPLIT_O200K, 199999, "<|endoftext|>"},
    {BATCH_SPLIT_O200K, 200018, "<|endofprompt|>"},
    {BATCH_SPLIT_LLAMA3, 128000, "<|begin_of_text|>"},
    {BATCH_SPLIT_LLAMA3, 128001, "<|end_of_text|>"},
    {BATCH_SPLIT_LLAMA3, 128002, "<|reserved_special_token_0|>"},
    {BATCH_SPLIT_LLAMA3, 128003, "<|reserved_special_token_1|>"},
    {BATCH_SPLIT_LLAMA3, 128004, "<|reserved_special_token_2|>"},
    {BATCH_SPLIT_LLAMA3, 128005, "<|reserved_special_token_3|>"},
    {BATCH_SPLIT_LLAMA3, 128006, "<|start_header_id|>"},
    {BATCH_SPLIT_LLAMA3, 128007, "<|end_header_id|>"},
    {BATCH_SPLIT_LLAMA3, 128008, "<|reserved_special_token_4|>"},
    {BATCH_SPLIT_LLAMA3, 128009, "<|eot_id|>"},
    {BATCH_SPLIT_QWEN2, 151643, "<|endoftext|>"},
    {BATCH_SPLIT_QWEN2, 151644, "<|im_start|>"},
    {BATCH_SPLIT_QWEN2, 151645, "<|im_end|>"},
};

static bool has_id(const added_tokens *tokens, int32_t id) {
  for (size_t i = 0; i < added_tokens_count(tokens); i++)
    if (added_tokens_at(tokens, i)->id == id) return true;
  return false;
}

static added_status add(added_tokens *tokens, const bpe_model *model, const char *text, int32_t id) {
  size_t bytes;
  if (bpe_model_bytes(model, id, &bytes) || has_id(tokens, id) ||
      added_tokens_named(tokens, text, strlen(text)))
    return ADDED_OK;
  return added_tokens_add(tokens,
                          &(added_token){.text = text, .bytes = strlen(text), .id = id, .special = true});
}

/* Llama 3 keeps 256 ids for special tokens; those that follow the named ones are numbered from 5 on. */
static added_status add_reserved(added_tokens *tokens, const bpe_model *model) {
  added_status status = ADDED_OK;
  for (int32_t i = 5; i < 251 && status == ADDED_OK; i++) {
    char text[48];
    snprintf(text, sizeof text, "<|reserved_special_token_%d|>", (int)i);
    status = add(tokens, model, text, 128005 + i);
  }
  return status;
}

added_status rank_specials_add(added_tokens *tokens, batch_text_split split, const bpe_model *model) {
  added_status status = ADDED_OK;
  for (size_t i = 0; i < sizeof specials / sizeof *specials && status == ADDED_OK; i++)
    if (specials[i].split == split) status = add(tokens, model, specials[i].text, specials[i].id);
  return status == ADDED_OK && split == BATCH_SPLIT_LLAMA3 ? add_reserved(tokens, model) : status;
}
