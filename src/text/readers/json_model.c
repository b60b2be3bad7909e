/* The model of a tokenizer.json: its vocabulary and merges. */
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "text/readers/byte_level.h"
#include "text/readers/tokenizer_json.h"

typedef struct model_reader {
  json_reader *r;
  bpe_parts *parts;
  json_added *added;
  byte_level alphabet;
  text_buffer bytes; /* of a token */
  size_t tokens, merges;
  char merge_kind; /* the first byte of the first one; 0: none was read */
} model_reader;

enum {
  TYPE,
  DROPOUT,
  UNK_TOKEN,
  PREFIX,
  SUFFIX,
  FUSE_UNK,
  BYTE_FALLBACK,
  IGNORE_MERGES,
  VOCAB,
  MERGES,
  FIELDS
};

/* Without backslashes a string is its own text. */
static bool plain_text(model_reader *m, const json_slice *string, json_slice *text) {
  *text = *string;
  if (string->bytes == 0 || !memchr(string->text, '\\', string->bytes)) return true;
  if (!json_unescape_text(m->r, string)) return false;
  *text = (json_slice){m->r->text.data, m->r->text.used};
  return true;
}

/* The bytes of a token into m->bytes. *known: all its characters are of the alphabet. */
static bool token_bytes(model_reader *m, json_slice text, bool *known) {
  m->bytes.used = 0;
  *known = false;
  if (!text_buffer_reserve(&m->bytes, text.bytes)) return json_no_memory(m->r);
  *known = byte_level_decode(&m->alphabet, text.text, text.bytes, m->bytes.data, &m->bytes.used);
  return true;
}

/* A token that no bytes give: an added one, or it is there for its id only. */
static bool add_strange(model_reader *m, const json_slice *key, json_slice text, int32_t id) {
  json_added_token *added = json_added_find(m->added, text.text, text.bytes);
  size_t taken;
  if (bpe_model_bytes(m->parts->model, id, &taken))
    return json_refuse_at(m->r, key->text, "found the id %" PRId32 " in model.vocab twice, expected it once",
                          id);
  if (added) {
    added->in_vocab = true;
    if (added->token.id == id) return true;
    return json_refuse_at(m->r, key->text,
                          "found the id %" PRId32 " of an added token that has the id %" PRId32
                          " among the added tokens, expected that",
                          id, added->token.id);
  }
  added_token token = {.text = text.text, .bytes = text.bytes, .id = id, .only_id = true};
  return added_tokens_add(m->parts->added, &token) == ADDED_OK || json_no_memory(m->r);
}

static bool add_token(model_reader *m, const json_slice *key, int32_t id) {
  json_slice text;
  bool known;
  if (key->bytes == 0)
    return json_refuse_at(m->r, key->text, "found an empty token in model.vocab, expected text");
  if (!plain_text(m, key, &text) || !token_bytes(m, text, &known)) return false;
  if (!known) return add_strange(m, key, text, id);
  switch (bpe_model_add_token(m->parts->model, m->bytes.data, m->bytes.used, id)) {
  case BPE_OK:
    return true;
  case BPE_NO_MEMORY:
    return json_no_memory(m->r);
  case BPE_ID_TAKEN:
    return json_refuse_at(m->r, key->text, "found the id %" PRId32 " in model.vocab twice, expected it once",
                          id);
  default:
    return json_refuse_at(m->r, key->text, "found \"%.*s\" in model.vocab twice, expected it once",
                          (int)(key->bytes < 60 ? key->bytes : 60), key->text);
  }
}

static bool take_token(void *context, const json_slice *key, json_text *t) {
  model_reader *m = context;
  json_slice value = {.text = t->at};
  int32_t id;
  json_skip_value(t);
  value.bytes = (size_t)(t->at - value.text);
  m->tokens++;
  if (json_read_id(&value, &id)) return add_token(m, key, id);
  return json_refuse_at(m->r, value.text, "found %.*s as an id in model.vocab, expected 0 to 2^31 - 1",
                        (int)(value.bytes < 60 ? value.bytes : 60), value.text);
}

static bool read_vocab(model_reader *m, const json_field *field) {
  json_text t = {.at = field->value.text, .end = field->value.text + field->value.bytes};
  if (*t.at != '{') return json_refuse(m->r, "model", field, "an object");
  return json_each_member(&t, take_token, m);
}

static bool refuse_merge(const model_reader *m, const char *merge, const char *expected) {
  json_text t = {.at = merge, .end = m->r->file->bytes + m->r->file->count};
  json_skip_value(&t);
  return json_refuse_at(m->r, merge, "found %.*s in model.merges[%zu], expected %s",
                        (int)(t.at - merge < 60 ? t.at - merge : 60), merge, m->merges, expected);
}

static const char two_tokens[] = "two tokens of the vocabulary that together are a third";

/* -1: no token. */
static bool side_of(model_reader *m, json_slice text, int32_t *id) {
  bool known;
  if (!token_bytes(m, text, &known)) return false;
  *id = known && m->bytes.used > 0 ? bpe_model_find(m->parts->model, m->bytes.data, m->bytes.used) : -1;
  return true;
}

static bool add_merge(model_reader *m, const char *merge, int32_t left, int32_t right) {
  bpe_status status =
      left < 0 || right < 0 ? BPE_NO_TOKEN : bpe_model_add_merge(m->parts->model, left, right);
  if (status == BPE_NO_MEMORY) return json_no_memory(m->r);
  if (status != BPE_OK) return refuse_merge(m, merge, two_tokens);
  m->merges++;
  return true;
}

/* "left right", as in a merges.txt. */
static bool take_joined(model_reader *m, json_text *t) {
  const char *merge = t->at;
  json_slice string, text;
  int32_t left, right;
  if (!json_read_string(t, &string) || !plain_text(m, &string, &text)) return false;
  if (text.bytes >= 8 && memcmp(text.text, "#version", 8) == 0) return true;
  const char *blank = text.bytes ? memchr(text.text, ' ', text.bytes) : NULL;
  if (!blank) return refuse_merge(m, merge, two_tokens);
  size_t first = (size_t)(blank - text.text);
  return side_of(m, (json_slice){text.text, first}, &left) &&
         side_of(m, (json_slice){blank + 1, text.bytes - first - 1}, &right) &&
         add_merge(m, merge, left, right);
}

typedef struct sides {
  model_reader *m;
  int32_t ids[2];
  size_t count;
} sides;

static bool take_side(void *context, json_text *t) {
  sides *s = context;
  json_slice string, text;
  if (*t->at != '"' || s->count >= 2) {
    s->count = 3; /* they are no two strings, whatever follows */
    return json_skip_value(t);
  }
  return json_read_string(t, &string) && plain_text(s->m, &string, &text) &&
         side_of(s->m, text, &s->ids[s->count++]);
}

/* ["left", "right"] */
static bool take_pair(model_reader *m, json_text *t) {
  const char *merge = t->at;
  sides s = {.m = m};
  if (!json_each_element(t, take_side, &s)) return false;
  return s.count == 2 ? add_merge(m, merge, s.ids[0], s.ids[1]) : refuse_merge(m, merge, "two strings");
}

static bool take_merge(void *context, json_text *t) {
  model_reader *m = context;
  if (!m->merge_kind) m->merge_kind = *t->at;
  if (*t->at != m->merge_kind || (*t->at != '"' && *t->at != '['))
    return refuse_merge(m, t->at, "strings or pairs of strings, all of one kind");
  return *t->at == '"' ? take_joined(m, t) : take_pair(m, t);
}

static bool read_merges(model_reader *m, const json_field *field) {
  json_text t = {.at = field->value.text, .end = field->value.text + field->value.bytes};
  if (*t.at != '[') return json_refuse(m->r, "model", field, "an array");
  return json_each_element(&t, take_merge, m);
}

static bool finish(model_reader *m, const json_field *field) {
  uint8_t missing;
  switch (bpe_model_finish(m->parts->model, false, &missing)) {
  case BPE_OK:
    return true;
  case BPE_NO_MEMORY:
    return json_no_memory(m->r);
  default:
    return json_refuse_at(m->r, field->value.text,
                          "found no token in model.vocab that is the byte 0x%02X, expected one "
                          "for each of the 256 " JSON_USE_MODEL,
                          missing);
  }
}

static bool check_type(json_reader *r, json_slice object) {
  json_slice type;
  if (!json_read_type(r, "model", object, &type)) return false;
  if (!type.text || json_is(type, "BPE"))
    return true; /* files from before there were types are BPE if they look so */
  return json_refuse_at(r, type.text, "found \"type\": \"%.*s\" in model, expected \"BPE\"%s",
                        (int)(type.bytes < 60 ? type.bytes : 60), type.text,
                        json_is(type, "Unigram") ? " " JSON_USE_MODEL : "");
}

/* Where every byte is a token nothing is unknown: what an unknown token would be does not matter. */
static bool check_switches(json_reader *r, const json_field *f, bool *ignore_merges) {
  static const char where[] = "model";
  bool fuse;
  if (f[BYTE_FALLBACK].value.text && !json_is(f[BYTE_FALLBACK].value, "false"))
    return json_refuse(r, where, &f[BYTE_FALLBACK], "false " JSON_USE_MODEL);
  return json_must_be(r, where, &f[DROPOUT], "null", "0.0") &&
         json_must_be(r, where, &f[PREFIX], "null", "\"\"") &&
         json_must_be(r, where, &f[SUFFIX], "null", "\"\"") &&
         json_read_flag(r, where, &f[FUSE_UNK], &fuse) &&
         json_read_flag(r, where, &f[IGNORE_MERGES], ignore_merges) &&
         (!f[UNK_TOKEN].value.text || json_is(f[UNK_TOKEN].value, "null") ||
          *f[UNK_TOKEN].value.text == '"' || json_refuse(r, where, &f[UNK_TOKEN], "a string or null"));
}

static bool read_all(model_reader *m, json_slice object) {
  json_field f[FIELDS] = {[TYPE] = {.name = "type"},
                          [DROPOUT] = {.name = "dropout"},
                          [UNK_TOKEN] = {.name = "unk_token"},
                          [PREFIX] = {.name = "continuing_subword_prefix"},
                          [SUFFIX] = {.name = "end_of_word_suffix"},
                          [FUSE_UNK] = {.name = "fuse_unk"},
                          [BYTE_FALLBACK] = {.name = "byte_fallback"},
                          [IGNORE_MERGES] = {.name = "ignore_merges"},
                          [VOCAB] = {.name = "vocab", .needed = true},
                          [MERGES] = {.name = "merges", .needed = true}};
  bool whole = false;
  if (!check_type(m->r, object) || !json_read_fields(m->r, "model", object, f, FIELDS) ||
      !check_switches(m->r, f, &whole) || !read_vocab(m, &f[VOCAB]) || !read_merges(m, &f[MERGES]))
    return false;
  bpe_model_take_whole(m->parts->model, whole);
  return finish(m, &f[VOCAB]) && json_give_added(m->r, m->added, m->tokens, m->parts);
}

bool json_read_model(json_reader *r, json_slice value, json_slice added, bpe_parts *parts) {
  json_added tokens = {0};
  model_reader m = {.r = r, .parts = parts, .added = &tokens};
  byte_level_make(&m.alphabet);
  bool good = json_read_added(r, added, &tokens) && read_all(&m, value);
  text_buffer_free(&m.bytes);
  json_added_free(&tokens);
  return good;
}
