/* Text and .jsonl. Plain text whose ids are its bytes is mapped as it is; everything else is
   tokenized once into a file without a name, which then takes the text's place. */
#include <unistd.h>

#include "dataset/formats/format.h"
#include "dataset/out_file.h"
#include "text/encode.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

typedef struct text_spool {
  out_file tokens, ends;
  batch_token_type type;
  uint64_t count;
} text_spool;

static bool spool_tokens(void *context, const int32_t *ids, size_t count, const uint8_t *loss) {
  text_spool *spool = context;
  (void)loss;
  spool->count += count;
  return out_write_tokens(&spool->tokens, spool->type, ids, count);
}

static bool spool_end_document(void *context, const text_place *next) {
  (void)next;
  text_spool *spool = context;
  return out_write_u64(&spool->ends, spool->count);
}

static batch_token_type smallest_type(uint32_t vocab_size) {
  return vocab_size <= 256 ? BATCH_TOKEN_U8 : vocab_size <= 65536 ? BATCH_TOKEN_U16 : BATCH_TOKEN_U32;
}

static bool spool_fill(text_spool *spool, token_file *file, const batch_dataset_options *options) {
  const token_sink sink = {.tokens = spool_tokens, .end_document = spool_end_document, .context = spool};
  const text_file text = token_file_text(file);
  return out_open_nameless(&spool->tokens, options->temporary_directory) &&
         out_open_nameless(&spool->ends, options->temporary_directory) &&
         encode_file(&text, options, NULL, &sink, &file->bad_lines) && out_flush(&spool->tokens) &&
         out_map_ends(&spool->ends, &file->documents);
}

static bool tokenize(token_file *file, const batch_dataset_options *options) {
  text_spool spool = {OUT_FILE_CLOSED, OUT_FILE_CLOSED, smallest_type(encode_vocab_size(options)), 0};
  bool good = spool_fill(&spool, file, options);
  if (good) {
    close(file->fd);
    file->fd = spool.tokens.fd;
    file->map_bytes = (size_t)spool.tokens.bytes;
    file->type = spool.type;
    file->tokens = spool.count;
    file->tokenized = true;
    spool.tokens.fd = -1;
  }
  out_close(&spool.tokens);
  out_close(&spool.ends);
  return good;
}

static bool open_text(token_file *file, const batch_dataset_options *options) {
  bool as_it_is = file->format == BATCH_FORMAT_TEXT && !file->compressed &&
                  tokenizer_is_bytes(options->tokenizer) && !options->separator &&
                  !options->text->malformed && !text_is_changed(options->text);
  if (!as_it_is) return tokenize(file, options);
  file->type = BATCH_TOKEN_U8;
  file->tokens = file->map_bytes;
  file->documents = (token_documents){.kind = TOKENS_ONE_DOCUMENT, .count = 1};
  return true;
}

const format_kind format_text = {.name = "text", .open = open_text};
const format_kind format_jsonl = {.name = "jsonl", .open = open_text};
