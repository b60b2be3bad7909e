/* Text and .jsonl. Plain text whose ids are its bytes is mapped as it is; everything else is
   tokenized once into a file without a name, which then takes the text's place. */
#include <string.h>
#include <unistd.h>

#include "dataset/formats/format.h"
#include "dataset/out_file.h"
#include "text/encode.h"
#include "text/normalize.h"
#include "text/tokenizer.h"

typedef struct text_spool {
  out_file tokens, ends;
  out_file loss; /* closed until a token is not to be learnt */
  batch_token_type type;
  uint64_t count;
  const char *directory; /* of temporary files */
} text_spool;

/* The tokens before are to be learnt. */
static bool spool_begin_loss(text_spool *spool) {
  return spool->loss.fd >= 0 || (out_open_nameless(&spool->loss, spool->directory) &&
                                 out_write_loss(&spool->loss, NULL, spool->count));
}

static bool spool_loss(text_spool *spool, const uint8_t *loss, size_t count) {
  if (loss && memchr(loss, 0, count) && !spool_begin_loss(spool)) return false;
  return spool->loss.fd < 0 || out_write_loss(&spool->loss, loss, count);
}

static bool spool_tokens(void *context, const int32_t *ids, size_t count, const uint8_t *loss) {
  text_spool *spool = context;
  if (!spool_loss(spool, loss, count)) return false;
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
  return out_open_nameless(&spool->tokens, spool->directory) &&
         out_open_nameless(&spool->ends, spool->directory) &&
         encode_file(&text, options, NULL, &sink, &file->bad_lines) && out_flush(&spool->tokens) &&
         out_map_ends(&spool->ends, &file->documents);
}

/* The file goes with its descriptor and the mapping. */
static bool map_loss(out_file *out, token_loss *loss) {
  if (out->fd < 0) return true;
  if (!out_flush(out)) return false;
  const uint8_t *map = file_map(out->fd, out->path, out->bytes);
  if (!map) return false;
  *loss = (token_loss){.kind = TOKEN_LOSS_BYTES, .entries = map, .map = map, .map_bytes = (size_t)out->bytes};
  loss->fd = out->fd;
  out->fd = -1;
  return true;
}

static bool tokenize(token_file *file, const batch_dataset_options *options) {
  text_spool spool = {.tokens = OUT_FILE_CLOSED,
                      .ends = OUT_FILE_CLOSED,
                      .loss = OUT_FILE_CLOSED,
                      .type = smallest_type(encode_vocab_size(options)),
                      .directory = options->temporary_directory};
  bool good = spool_fill(&spool, file, options) && map_loss(&spool.loss, &file->loss);
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
  out_close(&spool.loss);
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
