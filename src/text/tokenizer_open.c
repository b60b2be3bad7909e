/* From a file to a tokenizer, whatever kind it is. */
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/mix.h"
#include "base/options.h"
#include "sync/thread.h"
#include "text/readers/rank_file.h"
#include "text/readers/rank_specials.h"
#include "text/readers/tokenizer_json.h"
#include "text/tokenizer_bpe.h"
#include "text/tokenizer_file.h"
#include "text/tokenizer_sentencepiece.h"

static const char function[] = "batch_tokenizer_open";

static bool check_special(const batch_tokenizer_options *o, size_t i) {
  const batch_special_token *token = &o->special_tokens[i];
  if (!token->text || !*token->text)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "%s: options.special_tokens[%zu].text is %s, expected text", function, i,
                      token->text ? "empty" : "NULL");
  return token->id >= 0 || error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                                      "%s: options.special_tokens[%zu].id is %" PRId32 ", expected 0 or more",
                                      function, i, token->id);
}

static bool check(const batch_tokenizer_options *o) {
  if ((unsigned)o->split > BATCH_SPLIT_QWEN2)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.split is %d, expected 0 to %d", function,
                      (int)o->split, BATCH_SPLIT_QWEN2);
  if ((unsigned)o->specials > BATCH_SPECIALS_ERROR)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.specials is %d, expected 0 to %d", function,
                      (int)o->specials, BATCH_SPECIALS_ERROR);
  if (!o->special_tokens && o->special_token_count > 0)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.special_tokens is NULL, expected %zu tokens",
                      function, o->special_token_count);
  for (size_t i = 0; i < o->special_token_count; i++)
    if (!check_special(o, i)) return false;
  return true;
}

/* An option that this kind of file has no use for. */
static bool useless(const char *option, const char *path, const char *name) {
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.%s is given, and of no use: %.600s is %s",
                    function, option, path, name);
}

static bool check_use(const batch_tokenizer_options *o, const tokenizer_file *file, tokenizer_look look,
                      const char *name) {
  if (look != LOOKS_RANKS && o->split) return useless("split", file->path, name);
  if (look != LOOKS_RANKS && o->special_token_count > 0) return useless("special_tokens", file->path, name);
  if (look == LOOKS_BINARY && o->specials) return useless("specials", file->path, name);
  return look != LOOKS_RANKS || o->split ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                    "%s: options.split is not given, expected gpt2, cl100k, o200k, llama3 or qwen2, since "
                    "%.600s is %s, which does not say how text is split",
                    function, file->path, name);
}

static bool out_of_memory(const tokenizer_file *file) {
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a tokenizer", file->path);
}

static bool add_own_specials(const tokenizer_file *file, const batch_tokenizer_options *o, bpe_parts *parts) {
  for (size_t i = 0; i < o->special_token_count; i++) {
    const batch_special_token *token = &o->special_tokens[i];
    size_t bytes;
    if (bpe_model_bytes(parts->model, token->id, &bytes))
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "%s: options.special_tokens[%zu].id is %" PRId32
                        ", expected an id that %.600s does not have",
                        function, i, token->id, file->path);
    const added_token mine = {
        .text = token->text, .bytes = strlen(token->text), .id = token->id, .special = true};
    if (added_tokens_add(parts->added, &mine) != ADDED_OK) return out_of_memory(file);
  }
  return true;
}

static bool finish_specials(const tokenizer_file *file, const batch_tokenizer_options *o, bpe_parts *parts) {
  const added_token *clash;
  parts->specials = o->specials;
  switch (added_tokens_finish(parts->added, o->specials, &clash)) {
  case ADDED_OK:
    return true;
  case ADDED_ID_TAKEN:
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.special_tokens has the id %" PRId32 " twice",
                      function, clash->id);
  case ADDED_TEXT_TAKEN:
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.special_tokens has \"%.200s\" twice",
                      function, clash->text);
  default:
    return out_of_memory(file);
  }
}

static bool add_split(const tokenizer_file *file, batch_text_split split, bpe_parts *parts) {
  char why[200];
  splitter_name name = (splitter_name)(SPLITTER_GPT2 + (split - BATCH_SPLIT_GPT2));
  if (!splitter_supported(file->path)) return false;
  return (splitter_add_named(parts->split, name, why, sizeof why) &&
          splitter_finish(parts->split, why, sizeof why)) ||
         error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: %s", file->path, why);
}

static BatchTokenizer *open_ranks(const tokenizer_file *file, const batch_tokenizer_options *o) {
  bpe_parts parts;
  if (!bpe_parts_make(file->path, &parts)) return NULL;
  bool good = add_split(file, o->split, &parts) && rank_file_read(file, parts.model) &&
              add_own_specials(file, o, &parts);
  if (good && rank_specials_add(parts.added, o->split, parts.model) != ADDED_OK) good = out_of_memory(file);
  if (good && finish_specials(file, o, &parts))
    return tokenizer_bpe_make(function, BATCH_TOKENIZER_RANKS, &parts);
  bpe_parts_free(&parts);
  return NULL;
}

static BatchTokenizer *open_json(const tokenizer_file *file, const batch_tokenizer_options *o) {
  bpe_parts parts;
  if (!bpe_parts_make(file->path, &parts)) return NULL;
  parts.specials = o->specials;
  if (tokenizer_json_read(file, &parts)) return tokenizer_bpe_make(function, BATCH_TOKENIZER_JSON, &parts);
  bpe_parts_free(&parts);
  return NULL;
}

/* All that ids depend on. */
static uint64_t identity(const tokenizer_file *file, const batch_tokenizer_options *o) {
  uint64_t key = mix64_with(mix64_with(file->identity, (uint64_t)o->split), (uint64_t)o->specials);
  for (size_t i = 0; i < o->special_token_count; i++) {
    const batch_special_token *token = &o->special_tokens[i];
    key = mix64_with(mix64_bytes(key, token->text, strlen(token->text)), (uint64_t)token->id);
  }
  return key;
}

/* Options are looked at last, since only a model that is one can say that they are of no use to it. */
static BatchTokenizer *open_model(const tokenizer_file *file, const batch_tokenizer_options *o) {
  BatchTokenizer *tokenizer = tokenizer_sentencepiece_make(function, file);
  if (!tokenizer || check_use(o, file, LOOKS_BINARY, "a SentencePiece model")) return tokenizer;
  batch_tokenizer_free(tokenizer);
  return NULL;
}

static BatchTokenizer *open_file(const tokenizer_file *file, const batch_tokenizer_options *o) {
  const char *name;
  tokenizer_look look = tokenizer_file_look(file, &name);
  bool json = look == LOOKS_TEXT && strcmp(name, "a text") != 0;
  if (o->split && (look == LOOKS_BINARY || (look == LOOKS_TEXT && !json)))
    look = LOOKS_RANKS; /* it is said to be one: its faults are told by line */
  if (look == LOOKS_FOREIGN || look == LOOKS_TEXT) {
    format_fail(file->path, 0, "found %s, expected a tokenizer.json, a rank file or a SentencePiece model",
                name);
    return NULL;
  }
  if (look == LOOKS_BINARY) return open_model(file, o);
  if (!check_use(o, file, look, name)) return NULL;
  BatchTokenizer *tokenizer = look == LOOKS_RANKS ? open_ranks(file, o) : open_json(file, o);
  if (tokenizer) tokenizer_identify(tokenizer, identity(file, o));
  return tokenizer;
}

static bool check_path(const char *name, const char *path) {
  return (path && *path) || error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: path is %s, expected a path", name,
                                       path ? "empty" : "NULL");
}

BatchTokenizer *batch_tokenizer_open(const char *path, const batch_tokenizer_options *options) {
  HOLD_CANCELLATION;
  static const options_type type =
      OPTIONS_TYPE(batch_tokenizer_options, BATCH_TOKENIZER_OPTIONS_INIT, special_token_count);
  batch_tokenizer_options mine = BATCH_TOKENIZER_OPTIONS_INIT;
  tokenizer_file file;
  if (!check_path(function, path)) return NULL;
  if (options && !options_read(&type, function, "options", options, &mine)) return NULL;
  if (!check(&mine) || !tokenizer_file_read(path, &file)) return NULL;
  BatchTokenizer *tokenizer = open_file(&file, &mine);
  tokenizer_file_free(&file);
  return tokenizer;
}

BatchTokenizer *batch_tokenizer_sentencepiece(const char *path) {
  HOLD_CANCELLATION;
  static const char name[] = "batch_tokenizer_sentencepiece";
  tokenizer_file file;
  if (!check_path(name, path) || !tokenizer_sentencepiece_supported(path)) return NULL;
  if (!tokenizer_file_read(path, &file)) return NULL;
  BatchTokenizer *tokenizer = tokenizer_sentencepiece_make(name, &file);
  tokenizer_file_free(&file);
  return tokenizer;
}
