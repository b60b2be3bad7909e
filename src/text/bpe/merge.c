/* Symbols stay at the place of their first byte; a bit for each place says whether a symbol begins there. The rank of a
   place is that of the symbol there with the one behind it, which is the symbol that both become. */
#include "text/bpe/merge.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 16, LANES = 4 };
typedef int32_t lanes __attribute__((vector_size(LANES * sizeof(int32_t))));

static inline lanes load(const int32_t *from) {
  lanes l;
  memcpy(&l, from, sizeof l);
  return l;
}

static inline lanes lower(lanes a, lanes b) {
  lanes less = a < b;
  return (a & less) | (b & ~less);
}

static inline int32_t lowest_lane(lanes l) {
  int32_t even = l[0] < l[2] ? l[0] : l[2], odd = l[1] < l[3] ? l[1] : l[3];
  return even < odd ? even : odd;
}

static inline lanes lower_of(const int32_t *line) {
  return lower(lower(load(line), load(line + 4)), lower(load(line + 8), load(line + 12)));
}

static inline int32_t lowest_of(const int32_t *line) {
  return lowest_lane(lower_of(line));
}

/* A bit for each place in a line that has the value. */
static inline uint64_t places_of(const int32_t *line, int32_t value) {
  lanes all = {value, value, value, value};
  lanes bits = ((load(line) == all) & (lanes){1, 2, 4, 8}) |
               ((load(line + 4) == all) & (lanes){16, 32, 64, 128}) |
               ((load(line + 8) == all) & (lanes){256, 512, 1024, 2048}) |
               ((load(line + 12) == all) & (lanes){4096, 8192, 16384, 32768});
  return (uint64_t)(uint32_t)(bits[0] | bits[1] | bits[2] | bits[3]);
}

static inline size_t first_of(const int32_t *line, int32_t value) {
  return (size_t)__builtin_ctzll(places_of(line, value));
}

static void begin(const merges *all, const uint8_t *bytes, size_t count, int32_t *symbols, int32_t *ranks) {
  for (size_t i = 0; i + 1 < count; i++) {
    symbols[i] = bytes[i];
    ranks[i] = merges_of_bytes(all, bytes[i], bytes[i + 1]);
  }
  symbols[count - 1] = bytes[count - 1];
  size_t end = (count + LINE - 1) / LINE * LINE;
  for (size_t i = count - 1; i < end; i++) ranks[i] = NO_SYMBOL;
}

size_t merge_short(const merges *all, const uint8_t *bytes, size_t count, int32_t *out) {
  int32_t symbols[MERGE_SHORT], ranks[MERGE_SHORT];
  begin(all, bytes, count, symbols, ranks);
  size_t lines = (count + LINE - 1) / LINE;
  uint64_t alive = UINT64_MAX >> (64 - count);
  for (;;) {
    lanes low = lower_of(ranks);
    for (size_t i = 1; i < lines; i++) low = lower(low, lower_of(ranks + i * LINE));
    int32_t lowest = lowest_lane(low);
    if (lowest == NO_SYMBOL) break;
    uint64_t places = 0;
    for (size_t i = 0; i < lines; i++) places |= places_of(ranks + i * LINE, lowest) << i * LINE;
    size_t at = (size_t)__builtin_ctzll(places);
    uint64_t behind = alive & (UINT64_MAX << at << 1), ahead = alive & ~(UINT64_MAX << at);
    size_t next = (size_t)__builtin_ctzll(behind);
    alive &= ~(UINT64_C(1) << next);
    behind &= behind - 1;
    symbols[at] = lowest;
    ranks[next] = NO_SYMBOL;
    ranks[at] = behind ? merges_find(all, lowest, symbols[__builtin_ctzll(behind)]) : NO_SYMBOL;
    if (ahead) {
      size_t last = 63 - (size_t)__builtin_clzll(ahead);
      ranks[last] = merges_find(all, symbols[last], lowest);
    }
  }
  size_t left = 0;
  for (; alive; alive &= alive - 1) out[left++] = symbols[__builtin_ctzll(alive)];
  return left;
}

/* Minima: the ranks, then of each 16 of them the lowest, and so on up to one line. */
enum { MOST_LEVELS = 16 };
typedef struct minima {
  int32_t *level[MOST_LEVELS];
  unsigned levels;
} minima;

static size_t lines_of(size_t count) {
  return (count + LINE - 1) / LINE;
}

static bool reserve(merge_memory *memory, size_t count) {
  if (count <= memory->capacity) return true;
  size_t capacity = count < 4096 ? 4096 : count, ranks = 0;
  if (capacity > SIZE_MAX / 16) return false;
  for (size_t n = capacity;; n = lines_of(n)) {
    ranks += lines_of(n) * LINE;
    if (n <= LINE) break;
  }
  merge_memory_free(memory);
  memory->ranks = reallocarray(NULL, ranks, sizeof *memory->ranks);
  memory->alive = reallocarray(NULL, capacity / 64 + 1, sizeof *memory->alive);
  memory->capacity = capacity;
  if (memory->ranks && memory->alive) return true;
  merge_memory_free(memory);
  return false;
}

void merge_memory_free(merge_memory *memory) {
  free(memory->ranks);
  free(memory->alive);
  *memory = (merge_memory){0};
}

static void minima_begin(minima *m, int32_t *ranks, size_t count) {
  m->levels = 0;
  for (;;) {
    size_t lines = lines_of(count);
    m->level[m->levels++] = ranks;
    if (lines <= 1) return;
    int32_t *above = ranks + lines * LINE;
    for (size_t i = 0; i < lines; i++) above[i] = lowest_of(ranks + i * LINE);
    for (size_t i = lines; i < lines_of(lines) * LINE; i++) above[i] = NO_SYMBOL;
    ranks = above;
    count = lines;
  }
}

static void minima_set(minima *m, size_t at, int32_t rank) {
  m->level[0][at] = rank;
  for (unsigned l = 1; l < m->levels; l++) {
    int32_t lowest = lowest_of(m->level[l - 1] + at / LINE * LINE);
    at /= LINE;
    if (m->level[l][at] == lowest) return;
    m->level[l][at] = lowest;
  }
}

/* The leftmost place of the lowest rank. */
static size_t minima_find(const minima *m, int32_t lowest) {
  size_t at = 0;
  for (unsigned l = m->levels; l-- > 0;) at = at * LINE + first_of(m->level[l] + at * LINE, lowest);
  return at;
}

/* The places of the first symbols after and before `at`; SIZE_MAX: there is none. */
static size_t after(const uint64_t *alive, size_t at, size_t count) {
  size_t w = at / 64;
  uint64_t word = alive[w] & (UINT64_MAX << at % 64 << 1);
  while (!word) {
    if (++w > (count - 1) / 64) return SIZE_MAX;
    word = alive[w];
  }
  return w * 64 + (size_t)__builtin_ctzll(word);
}

static size_t before(const uint64_t *alive, size_t at) {
  size_t w = at / 64;
  uint64_t word = alive[w] & ~(UINT64_MAX << at % 64);
  while (!word) {
    if (w-- == 0) return SIZE_MAX;
    word = alive[w];
  }
  return w * 64 + 63 - (size_t)__builtin_clzll(word);
}

size_t merge_long(const merges *all, merge_memory *memory, const uint8_t *bytes, size_t count,
                  int32_t *symbols) {
  if (!reserve(memory, count)) return SIZE_MAX;
  uint64_t *alive = memory->alive;
  minima m;
  begin(all, bytes, count, symbols, memory->ranks);
  minima_begin(&m, memory->ranks, count);
  memset(alive, 0xFF, (count + 63) / 64 * 8);
  if (count % 64) alive[count / 64] = ~(UINT64_MAX << count % 64);
  for (;;) {
    int32_t lowest = lowest_of(m.level[m.levels - 1]);
    if (lowest == NO_SYMBOL) break;
    size_t at = minima_find(&m, lowest), next = after(alive, at, count), last = before(alive, at);
    size_t further = after(alive, next, count);
    alive[next / 64] &= ~(UINT64_C(1) << next % 64);
    symbols[at] = lowest;
    minima_set(&m, next, NO_SYMBOL);
    minima_set(&m, at, further == SIZE_MAX ? NO_SYMBOL : merges_find(all, lowest, symbols[further]));
    if (last != SIZE_MAX) minima_set(&m, last, merges_find(all, symbols[last], lowest));
  }
  size_t left = 0;
  for (size_t w = 0; w < (count + 63) / 64; w++)
    for (uint64_t word = alive[w]; word; word &= word - 1)
      symbols[left++] = symbols[w * 64 + (size_t)__builtin_ctzll(word)];
  return left;
}

size_t merge_bytes(const merges *all, merge_memory *memory, const uint8_t *bytes, size_t count,
                   int32_t *symbols) {
  if (count == 0) return 0;
  if (count <= MERGE_SHORT) return merge_short(all, bytes, count, symbols);
  size_t left = merge_long(all, memory, bytes, count, symbols);
  if (count > MERGE_KEPT) merge_memory_free(memory);
  return left;
}
