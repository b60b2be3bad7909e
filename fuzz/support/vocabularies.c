#include "support/vocabularies.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "support/files.h"

static const char *write_all(const char *name, bytes *b) {
  const char *path = fuzz_write(name, (fuzz_part){b->data, b->used});
  free_bytes(b);
  return path;
}

static void put_base64(bytes *b, const char *text, size_t count) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < count; i += 3) {
    uint32_t value = 0;
    for (size_t k = 0; k < 3; k++) value = value << 8 | (i + k < count ? (uint8_t)text[i + k] : 0);
    for (size_t k = 0; k < 4; k++)
      put_u8(b, i + k > count ? '=' : (uint8_t)digits[value >> (18 - 6 * k) & 63]);
  }
}

const char *fuzz_write_ranks(const bpe_reference *r) {
  bytes b = {0};
  char rank[16];
  for (size_t i = 0; i < r->token_count; i++) {
    put_base64(&b, r->tokens[i].bytes, r->tokens[i].count);
    snprintf(rank, sizeof rank, " %d\n", r->ids[i]);
    put_text(&b, rank);
  }
  return write_all("ranks.tiktoken", &b);
}

void fuzz_number(bpe_reference *r) {
  int32_t drawn[sizeof r->ids / sizeof *r->ids];
  memcpy(drawn, r->ids, sizeof drawn);
  for (size_t i = 0; i < r->token_count; i++) {
    r->ids[i] = 0;
    for (size_t k = 0; k < r->token_count; k++) r->ids[i] += drawn[k] < drawn[i];
  }
}

void fuzz_number_added(const bpe_reference *r, fuzz_token *added, size_t count) {
  int32_t next = (int32_t)r->token_count;
  for (size_t i = 0; i < count; i++) {
    added[i].id = -1;
    for (size_t k = 0; k < r->token_count; k++)
      if (r->tokens[k].count == strlen(added[i].content) &&
          memcmp(r->tokens[k].bytes, added[i].content, r->tokens[k].count) == 0)
        added[i].id = r->ids[k];
    if (added[i].id < 0) added[i].id = next++;
  }
}

/* In the alphabet of GPT-2's encoder.py. */
static void put_word(bytes *b, const bpe_word *word) {
  put_u8(b, '"');
  for (size_t i = 0; i < word->count; i++) {
    uint8_t byte = (uint8_t)word->bytes[i];
    bool printable = (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte != 0xAD);
    uint32_t behind = byte <= ' ' ? byte : byte == 0xAD ? 67 : 33u + byte - 0x7F;
    char spelled[4];
    if (byte == '"' || byte == '\\') put_u8(b, '\\');
    put(b, spelled, utf8_put(printable ? byte : 256 + behind, spelled));
  }
  put_u8(b, '"');
}

static const char *flag(const fuzz_token *t, char letter) {
  return strchr(t->flags, letter) ? "true" : "false";
}

static void put_added(bytes *b, const fuzz_token *added, size_t count) {
  char entry[300];
  for (size_t i = 0; i < count; i++) {
    const fuzz_token *t = &added[i];
    snprintf(
        entry, sizeof entry,
        "%s{\"id\":%d,\"content\":\"%s\",\"lstrip\":%s,\"rstrip\":%s,\"single_word\":%s,\"normalized\":%s,"
        "\"special\":%s}",
        i ? "," : "", t->id, t->content, flag(t, 'l'), flag(t, 'r'), flag(t, 'w'), flag(t, 'n'),
        flag(t, 's'));
    put_text(b, entry);
  }
}

static void put_model(bytes *b, const bpe_reference *r) {
  char id[16];
  put_text(b, r->whole ? "true,\"vocab\":{" : "false,\"vocab\":{");
  for (size_t i = 0; i < r->token_count; i++) {
    if (i > 0) put_u8(b, ',');
    put_word(b, &r->tokens[i]);
    snprintf(id, sizeof id, ":%d", r->ids[i]);
    put_text(b, id);
  }
  put_text(b, "},\"merges\":[");
  for (size_t i = 0; i < r->merge_count; i++) {
    put_text(b, i ? ",[" : "[");
    put_word(b, &r->merges[i][0]);
    put_u8(b, ',');
    put_word(b, &r->merges[i][1]);
    put_u8(b, ']');
  }
  put_u8(b, ']');
}

const char *fuzz_write_json(const bpe_reference *r, const fuzz_token *added, size_t count,
                            const char *normalizer, const char *pre_tokenizer) {
  bytes b = {0};
  put_text(&b, "{\"added_tokens\":[");
  put_added(&b, added, count);
  put_text(&b, "],\"normalizer\":");
  put_text(&b, normalizer);
  put_text(&b, ",\"pre_tokenizer\":");
  put_text(&b, pre_tokenizer);
  put_text(&b, ",\"model\":{\"type\":\"BPE\",\"ignore_merges\":");
  put_model(&b, r);
  put_text(&b, "}}");
  return write_all("tokenizer.json", &b);
}
