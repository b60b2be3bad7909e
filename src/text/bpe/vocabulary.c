#include "text/bpe/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/mix.h"

void vocabulary_init(vocabulary *v, uint64_t seed) {
  *v = (vocabulary){.seed = seed, .highest = -1};
}

void vocabulary_free(vocabulary *v) {
  free(v->bytes);
  free(v->tokens);
  free(v->by_bytes);
  free(v->by_id);
}

static uint64_t hash_bytes(const vocabulary *v, const char *bytes, size_t count) {
  uint64_t key = v->seed + count, word;
  for (; count >= sizeof word; bytes += sizeof word, count -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    key = mix64_with(key, word);
  }
  word = 0;
  if (count > 0) memcpy(&word, bytes, count);
  return mix64_with(key, word);
}

static uint64_t hash_id(const vocabulary *v, int32_t id) {
  return mix64(v->seed + (uint32_t)id);
}

static bool has_bytes(const vocabulary *v, const token *t, const char *bytes, size_t count) {
  return t->length == count && (count == 0 || memcmp(v->bytes + t->start, bytes, count) == 0);
}

/* The place that says which token has these bytes, or where it will be said. */
static uint32_t *bytes_place(const vocabulary *v, const char *bytes, size_t count) {
  size_t at = hash_bytes(v, bytes, count) & v->mask;
  while (v->by_bytes[at] && !has_bytes(v, &v->tokens[v->by_bytes[at] - 1], bytes, count))
    at = (at + 1) & v->mask;
  return &v->by_bytes[at];
}

static uint32_t *id_place(const vocabulary *v, int32_t id) {
  size_t at = hash_id(v, id) & v->mask;
  while (v->by_id[at] && v->tokens[v->by_id[at] - 1].id != id) at = (at + 1) & v->mask;
  return &v->by_id[at];
}

const token *vocabulary_find(const vocabulary *v, const char *bytes, size_t count) {
  uint32_t place = v->count > 0 ? *bytes_place(v, bytes, count) : 0;
  return place ? &v->tokens[place - 1] : NULL;
}

const token *vocabulary_token(const vocabulary *v, int32_t id) {
  uint32_t place = v->count > 0 ? *id_place(v, id) : 0;
  return place ? &v->tokens[place - 1] : NULL;
}

/* Twice the tokens, four times the places. */
static bool grow_tokens(vocabulary *v) {
  uint32_t room = v->room ? 2 * v->room : 1024;
  size_t places = 2 * (size_t)room;
  token *tokens = reallocarray(v->tokens, room, sizeof *tokens);
  if (!tokens) return false;
  v->tokens = tokens;
  uint32_t *by_bytes = calloc(places, sizeof *by_bytes), *by_id = calloc(places, sizeof *by_id);
  if (!by_bytes || !by_id) {
    free(by_bytes);
    free(by_id);
    return false;
  }
  free(v->by_bytes);
  free(v->by_id);
  v->by_bytes = by_bytes;
  v->by_id = by_id;
  v->mask = places - 1;
  v->room = room;
  for (uint32_t i = 0; i < v->count; i++) {
    *bytes_place(v, v->bytes + tokens[i].start, tokens[i].length) = i + 1;
    *id_place(v, tokens[i].id) = i + 1;
  }
  return true;
}

static bool reserve_bytes(vocabulary *v, size_t count) {
  if (count <= v->capacity - v->used) return true;
  size_t needed, capacity = v->capacity < 4096 ? 8192 : 2 * v->capacity;
  if (__builtin_add_overflow(v->used, count, &needed) || needed > SIZE_MAX / 2) return false;
  if (capacity < needed) capacity = needed;
  char *grown = realloc(v->bytes, capacity);
  if (!grown) return false;
  v->bytes = grown;
  v->capacity = capacity;
  return true;
}

bpe_status vocabulary_add(vocabulary *v, const char *bytes, size_t count, int32_t id) {
  if (vocabulary_token(v, id)) return BPE_ID_TAKEN;
  if (vocabulary_find(v, bytes, count)) return BPE_BYTES_TAKEN;
  if (count > UINT32_MAX || !reserve_bytes(v, count)) return BPE_NO_MEMORY;
  if (v->count == v->room && !grow_tokens(v)) return BPE_NO_MEMORY;
  v->tokens[v->count] = (token){v->used, (uint32_t)count, id};
  if (count > 0) memcpy(v->bytes + v->used, bytes, count);
  v->used += count;
  v->count++;
  *bytes_place(v, bytes, count) = v->count;
  *id_place(v, id) = v->count;
  if (id > v->highest) v->highest = id;
  return BPE_OK;
}

bpe_status vocabulary_join(vocabulary *v, const token *left, const token *right, const token **joined) {
  size_t count = (size_t)left->length + right->length;
  if (!reserve_bytes(v, count)) return BPE_NO_MEMORY;
  char *end = v->bytes + v->used; /* is used no further than for this look */
  if (left->length > 0) memcpy(end, v->bytes + left->start, left->length);
  if (right->length > 0) memcpy(end + left->length, v->bytes + right->start, right->length);
  *joined = vocabulary_find(v, end, count);
  return BPE_OK;
}
