/* The added_tokens of a tokenizer.json. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "text/characters.h"
#include "text/own_form.h"
#include "text/readers/byte_level.h"
#include "text/readers/tokenizer_json.h"

void json_added_free(json_added *added) {
  for (size_t i = 0; i < added->count; i++) free((char *)(uintptr_t)added->list[i].token.text);
  free(added->list);
  *added = (json_added){0};
}

static int shown(const json_added_token *added) {
  return (int)(added->content.bytes < 60 ? added->content.bytes : 60);
}

static bool make_room(json_reader *r, json_added *added) {
  if (added->count < added->capacity) return true;
  size_t capacity = added->capacity ? 2 * added->capacity : 32;
  json_added_token *grown = reallocarray(added->list, capacity, sizeof *grown);
  if (!grown) return json_no_memory(r);
  added->list = grown;
  added->capacity = capacity;
  return true;
}

enum { ID, CONTENT, SINGLE_WORD, LSTRIP, RSTRIP, NORMALIZED, SPECIAL, FIELDS };

static bool take_fields(json_reader *r, const char *where, const json_field *f, json_added *added) {
  added_token token = {0};
  if (!json_read_id(&f[ID].value, &token.id)) return json_refuse(r, where, &f[ID], "0 to 2^31 - 1");
  if (!json_read_flag(r, where, &f[SINGLE_WORD], &token.single_word) ||
      !json_read_flag(r, where, &f[LSTRIP], &token.lstrip) ||
      !json_read_flag(r, where, &f[RSTRIP], &token.rstrip) ||
      !json_read_flag(r, where, &f[NORMALIZED], &token.normalized) ||
      !json_read_flag(r, where, &f[SPECIAL], &token.special) || !json_read_text(r, where, &f[CONTENT]))
    return false;
  if (r->text.used == 0) return json_refuse(r, where, &f[CONTENT], "text that is not empty");
  if (token.single_word && !characters_know_words())
    return error_fail(BATCH_ERROR_UNSUPPORTED,
                      "%.700s: has an added token that is a single word, and this "
                      "libheadrace was built without utf8proc",
                      r->file->path);
  if (!make_room(r, added)) return false;
  char *copy = malloc(r->text.used);
  if (!copy) return json_no_memory(r);
  token.bytes = r->text.used;
  token.text = memcpy(copy, r->text.data, token.bytes);
  added->list[added->count] = (json_added_token){token, f[CONTENT].value, added->count, false};
  added->count++;
  /* cppcheck-suppress memleak; the list has it */
  return true;
}

static bool take_added(void *context, json_reader *r, const char *where, json_slice value) {
  json_field f[FIELDS] = {[ID] = {.name = "id", .needed = true},
                          [CONTENT] = {.name = "content", .needed = true},
                          [SINGLE_WORD] = {.name = "single_word", .needed = true},
                          [LSTRIP] = {.name = "lstrip", .needed = true},
                          [RSTRIP] = {.name = "rstrip", .needed = true},
                          [NORMALIZED] = {.name = "normalized", .needed = true},
                          [SPECIAL] = {.name = "special", .needed = true}};
  return json_read_fields(r, where, value, f, FIELDS) && take_fields(r, where, f, context);
}

static int by_text(const void *a, const void *b) {
  const added_token *one = &((const json_added_token *)a)->token,
                    *other = &((const json_added_token *)b)->token;
  int order = memcmp(one->text, other->text, one->bytes < other->bytes ? one->bytes : other->bytes);
  return order ? order : (one->bytes > other->bytes) - (one->bytes < other->bytes);
}

static int by_order(const void *a, const void *b) {
  size_t one = ((const json_added_token *)a)->order, other = ((const json_added_token *)b)->order;
  return (one > other) - (one < other);
}

bool json_read_added(json_reader *r, json_slice value, json_added *added) {
  if (!value.text || json_is(value, "null")) return true;
  if (!json_read_array(r, "", &(json_field){.name = "added_tokens", .value = value}, take_added, added))
    return false;
  if (added->count > 0) qsort(added->list, added->count, sizeof *added->list, by_text);
  for (size_t i = 1; i < added->count; i++)
    if (by_text(&added->list[i - 1], &added->list[i]) == 0)
      return json_refuse_at(r, added->list[i].content.text,
                            "found %.*s as the content of two added tokens, expected one",
                            shown(&added->list[i]), added->list[i].content.text);
  return true;
}

json_added_token *json_added_find(const json_added *added, const char *text, size_t bytes) {
  const json_added_token key = {.token = {.text = text, .bytes = bytes}};
  return added->count ? bsearch(&key, added->list, added->count, sizeof *added->list, by_text) : NULL;
}

/* What giving tokens is about. */
typedef struct giving {
  json_reader *r;
  bpe_parts *parts;
  byte_level alphabet;
  own_form form;
  size_t next; /* the id of the next token that is not in the vocabulary */
} giving;

/* The id of its text in the vocabulary; -1: it is not there under a text that bytes give. */
static bool find_id(giving *g, const added_token *t, int32_t *id) {
  size_t bytes;
  char *room = malloc(t->bytes);
  *id = -1;
  if (!room) return json_no_memory(g->r);
  if (byte_level_decode(&g->alphabet, t->text, t->bytes, room, &bytes))
    *id = bpe_model_find(g->parts->model, room, bytes);
  free(room);
  return true;
}

static bool check_id(giving *g, const json_added_token *added) {
  const added_token *t = &added->token;
  size_t taken;
  int32_t id;
  if (!find_id(g, t, &id)) return false;
  if (id >= 0 && bpe_model_find(g->parts->model, t->text, t->bytes) != id)
    return json_refuse_at(g->r, added->content.text,
                          "found %.*s as an added token, expected none that stands for other bytes "
                          "in model.vocab",
                          shown(added), added->content.text);
  if (id < 0 && !added->in_vocab) {
    id = g->next <= INT32_MAX ? (int32_t)g->next++ : -1;
    if (id >= 0 && bpe_model_bytes(g->parts->model, id, &taken))
      return json_refuse_at(g->r, added->content.text,
                            "found an added token of the id %" PRId32 ", which is that of another "
                            "token in model.vocab, expected one of its own",
                            id);
  }
  if (added->in_vocab || id == t->id) return true;
  return json_refuse_at(g->r, added->content.text,
                        "found %.*s as an added token of the id %" PRId32 ", expected %" PRId32
                        ", which Hugging Face's library gives it",
                        shown(added), added->content.text, t->id, id);
}

static bool give(giving *g, const json_added_token *added) {
  added_token t = added->token;
  if (!check_id(g, added)) return false;
  if (t.normalized && g->parts->form) {
    t.found_bytes = t.bytes;
    t.found_as = own_form_apply(&g->form, t.text, &t.found_bytes);
    if (!t.found_as) return json_no_memory(g->r);
  }
  return added_tokens_add(g->parts->added, &t) == ADDED_OK || json_no_memory(g->r);
}

static bool finish(json_reader *r, bpe_parts *parts, const char *place) {
  const added_token *clash;
  switch (added_tokens_finish(parts->added, parts->specials, &clash)) {
  case ADDED_OK:
    return true;
  case ADDED_ID_TAKEN:
    return json_refuse_at(r, place, "found the id %" PRId32 " (%.60s) for two tokens, expected it for one",
                          clash->id, clash->text);
  case ADDED_TEXT_TAKEN:
    return json_refuse_at(r, place, "found two added tokens that are %.60s when normalized, expected one",
                          clash->found_as ? clash->found_as : clash->text);
  default:
    return json_no_memory(r);
  }
}

bool json_give_added(json_reader *r, json_added *added, size_t count, bpe_parts *parts) {
  giving g = {.r = r, .parts = parts, .form = {.rules = parts->form}, .next = count};
  const char *place = added->count ? added->list[0].content.text : r->file->bytes;
  bool good = true;
  byte_level_make(&g.alphabet);
  if (added->count > 0) qsort(added->list, added->count, sizeof *added->list, by_order);
  for (size_t i = 0; i < added->count && good; i++) good = give(&g, &added->list[i]);
  own_form_free(&g.form);
  return good && finish(r, parts, place);
}
