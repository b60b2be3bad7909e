#include "support/bpe_reference.h"
#include "support/random.h"

#include <string.h>

static bool same(const bpe_word *w, const char *bytes, size_t count) {
  return w->count == count && memcmp(w->bytes, bytes, count) == 0;
}

static int32_t id_of(const bpe_reference *r, const char *bytes, size_t count) {
  for (size_t i = 0; i < r->token_count; i++)
    if (same(&r->tokens[i], bytes, count)) return r->ids[i];
  return -1;
}

/* Of left [to] and right, which lie one behind the other; -1: they do not merge. */
static int64_t rank_of(const bpe_reference *r, const char *left, const char *right, const char *end) {
  int64_t rank = -1;
  size_t first = (size_t)(right - left), second = (size_t)(end - right);
  if (r->by_rank) return id_of(r, left, first + second);
  for (size_t i = 0; i < r->merge_count; i++)
    if (same(&r->merges[i][0], left, first) && same(&r->merges[i][1], right, second)) rank = (int64_t)i;
  return rank;
}

size_t bpe_reference_encode(const bpe_reference *r, const char *bytes, size_t count, int32_t *ids) {
  size_t starts[4096], parts = count;
  int32_t whole = r->whole ? id_of(r, bytes, count) : -1;
  if (whole >= 0) parts = 1;
  for (size_t i = 0; i < parts; i++) starts[i] = i;
  starts[parts] = count;
  for (;;) {
    int64_t lowest = -1;
    size_t at = 0;
    for (size_t i = 0; i + 1 < parts; i++) {
      int64_t rank = rank_of(r, bytes + starts[i], bytes + starts[i + 1], bytes + starts[i + 2]);
      if (rank < 0 || (lowest >= 0 && rank >= lowest)) continue;
      lowest = rank;
      at = i;
    }
    if (lowest < 0) break;
    memmove(&starts[at + 1], &starts[at + 2], (parts - at - 1) * sizeof *starts);
    parts--;
  }
  for (size_t i = 0; i < parts; i++) ids[i] = id_of(r, bytes + starts[i], starts[i + 1] - starts[i]);
  return parts;
}

static void add(bpe_reference *r, uint64_t *state, const bpe_word *w) {
  int32_t id;
  bool taken;
  if (id_of(r, w->bytes, w->count) >= 0) return;
  do {
    id = (int32_t)random_below(state, 5000);
    taken = false;
    for (size_t i = 0; i < r->token_count; i++) taken |= r->ids[i] == id;
  } while (taken);
  r->tokens[r->token_count] = *w;
  r->ids[r->token_count++] = id;
}

/* What two tokens make, so that long ones come about too; or any few letters, which may come about in no way. */
static bpe_word random_word(const bpe_reference *r, uint64_t *state, unsigned letters) {
  bpe_word w = {.count = 0};
  if (r->token_count > 256 && random_below(state, 3) > 0) {
    for (int i = 0; i < 2; i++) {
      bool letter = random_below(state, 3) == 0;
      const bpe_word *part = &r->tokens[letter ? 'a' + random_below(state, letters)
                                               : 256 + random_below(state, (uint32_t)r->token_count - 256)];
      if (w.count + part->count > sizeof w.bytes) continue;
      memcpy(w.bytes + w.count, part->bytes, part->count);
      w.count += part->count;
    }
    return w;
  }
  w.count = 2 + random_below(state, 4);
  for (size_t i = 0; i < w.count; i++) w.bytes[i] = (char)('a' + random_below(state, letters));
  return w;
}

/* Any place where a token can be parted in two, most of the time. */
static void add_merges(bpe_reference *r, uint64_t *state, unsigned tries) {
  for (unsigned i = 0; i < tries && r->merge_count < 1024; i++) {
    const bpe_word *t = &r->tokens[random_below(state, (uint32_t)r->token_count)];
    if (t->count < 2) continue;
    size_t at = 1 + random_below(state, (uint32_t)t->count - 1);
    if (id_of(r, t->bytes, at) < 0 || id_of(r, t->bytes + at, t->count - at) < 0) continue;
    bpe_word *merge = r->merges[r->merge_count++];
    merge[0].count = at;
    memcpy(merge[0].bytes, t->bytes, at);
    merge[1].count = t->count - at;
    memcpy(merge[1].bytes, t->bytes + at, t->count - at);
  }
}

void bpe_reference_make(bpe_reference *r, uint64_t *state, unsigned more, unsigned letters, bool by_rank) {
  r->by_rank = by_rank;
  r->whole = by_rank || random_below(state, 2);
  r->token_count = r->merge_count = 0;
  for (unsigned byte = 0; byte < 256; byte++) add(r, state, &(bpe_word){{(char)byte}, 1});
  for (unsigned i = 0; i < more; i++) {
    bpe_word w = random_word(r, state, letters);
    if (w.count > 1) add(r, state, &w);
  }
  if (!by_rank) add_merges(r, state, 8 * more);
}
