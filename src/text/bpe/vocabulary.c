#include "text/bpe/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/mix.h"

enum { FIRST_TOKENS = 1024, FIRST_BYTES = 8192 };

bool vocabulary_init(vocabulary *v, uint64_t seed) {
  *v = (vocabulary){.capacity = FIRST_BYTES, .room = FIRST_TOKENS, .seed = seed, .highest = -1};
  v->bytes = malloc(v->capacity);
  v->tokens = calloc(v->room + 1, sizeof *v->tokens);
  bool by_bytes = slots_init(&v->by_bytes, v->room), by_id = slots_init(&v->by_id, v->room);
  return v->bytes && v->tokens && by_bytes && by_id;
}

void vocabulary_free(vocabulary *v) {
  free(v->bytes);
  free(v->tokens);
  slots_free(&v->by_bytes);
  slots_free(&v->by_id);
}

uint64_t vocabulary_hash(const vocabulary *v, const char *bytes, size_t count) {
  uint64_t key = v->seed + count, word;
  for (; count >= sizeof word; bytes += sizeof word, count -= sizeof word) {
    memcpy(&word, bytes, sizeof word);
    key = mix64(key ^ word);
  }
  word = 0;
  memcpy(&word, bytes, count);
  return mix64(key ^ word);
}

static uint64_t hash_id(const vocabulary *v, int32_t id) {
  return mix64(v->seed + (uint32_t)id);
}

uint32_t vocabulary_find(const vocabulary *v, const char *bytes, size_t count) {
  return vocabulary_find_hashed(v, vocabulary_hash(v, bytes, count), bytes, count);
}

uint32_t vocabulary_find_hashed(const vocabulary *v, uint64_t hash, const char *bytes, size_t count) {
  uint32_t tag = slot_tag(&v->by_bytes, hash);
  slots_each(&v->by_bytes, hash, at) {
    uint32_t slot = v->by_bytes.table[at], number = slot_number(&v->by_bytes, slot);
    if (slot_has_tag(&v->by_bytes, slot, tag) && token_length(v, number) == count &&
        memcmp(token_bytes(v, number), bytes, count) == 0)
      return number;
  }
  return NO_TOKEN;
}

uint32_t vocabulary_find_id(const vocabulary *v, int32_t id) {
  uint64_t hash = hash_id(v, id);
  slots_each(&v->by_id, hash, at) {
    uint32_t number = slot_number(&v->by_id, v->by_id.table[at]);
    if (v->tokens[number].id == id) return number;
  }
  return NO_TOKEN;
}

static void put(vocabulary *v, uint32_t number) {
  slots_put(&v->by_bytes, vocabulary_hash(v, token_bytes(v, number), token_length(v, number)), number);
  slots_put(&v->by_id, hash_id(v, v->tokens[number].id), number);
}

static bool grow_tokens(vocabulary *v) {
  uint32_t room = 2 * v->room;
  slots by_bytes = {0}, by_id = {0};
  token *tokens = reallocarray(v->tokens, (size_t)room + 1, sizeof *tokens);
  if (tokens) v->tokens = tokens;
  if (!tokens || room >= INT32_MAX || !slots_init(&by_bytes, room) || !slots_init(&by_id, room)) {
    slots_free(&by_bytes);
    return false;
  }
  slots_free(&v->by_bytes);
  slots_free(&v->by_id);
  v->by_bytes = by_bytes;
  v->by_id = by_id;
  v->room = room;
  for (uint32_t i = 0; i < v->count; i++) put(v, i);
  return true;
}

static bool reserve_bytes(vocabulary *v, size_t count) {
  size_t used = v->tokens[v->count].start, capacity = v->capacity;
  if (count >= UINT32_MAX - used) return false;
  while (capacity - used < count) capacity *= 2;
  char *grown = capacity > v->capacity ? realloc(v->bytes, capacity) : v->bytes;
  if (!grown) return false;
  v->bytes = grown;
  v->capacity = capacity;
  return true;
}

bpe_status vocabulary_add(vocabulary *v, const char *bytes, size_t count, int32_t id) {
  if (vocabulary_find_id(v, id) != NO_TOKEN) return BPE_ID_TAKEN;
  if (vocabulary_find(v, bytes, count) != NO_TOKEN) return BPE_BYTES_TAKEN;
  if (v->count == v->room && !grow_tokens(v)) return BPE_NO_MEMORY;
  if (!reserve_bytes(v, count)) return BPE_NO_MEMORY;
  token *t = &v->tokens[v->count];
  memcpy(v->bytes + t->start, bytes, count);
  t->id = id;
  t[1].start = t->start + (uint32_t)count;
  put(v, v->count++);
  if (id > v->highest) v->highest = id;
  return BPE_OK;
}

/* Both are put where the next token will be, for this look only. */
bpe_status vocabulary_join(vocabulary *v, uint32_t left, uint32_t right, uint32_t *joined) {
  size_t first = token_length(v, left), second = token_length(v, right);
  if (!reserve_bytes(v, first + second)) return BPE_NO_MEMORY;
  char *both = v->bytes + v->tokens[v->count].start;
  memcpy(both, token_bytes(v, left), first);
  memcpy(both + first, token_bytes(v, right), second);
  *joined = vocabulary_find(v, both, first + second);
  return BPE_OK;
}
