/* Symbols stay at the place of their first byte; a bit for each place says whether a symbol begins there. The rank of a
   place is that of the symbol there with the one behind it, which is the symbol that both become. */
#include "text/bpe/merge.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 8, MOST_LINES = MERGE_SHORT / LINE };

static size_t lines_of(size_t count) {
  return (count + LINE - 1) / LINE;
}

/* Places without a pair, up to the end of the line, have no rank. */
static void begin(const merges *all, const uint8_t *bytes, size_t count, int32_t *symbols, int32_t *ranks) {
  for (size_t i = 0; i + 1 < count; i++) {
    symbols[i] = bytes[i];
    ranks[i] = merges_of_bytes(all, bytes[i], bytes[i + 1]);
  }
  symbols[count - 1] = bytes[count - 1];
  for (size_t i = count - 1; i < lines_of(count) * LINE; i++) ranks[i] = NO_SYMBOL;
}

/* The lowest rank of a line, and the leftmost place that has it. */
typedef struct low {
  int32_t rank;
  uint32_t at;
} low;

static inline low lower(low a, low b) {
  bool less = b.rank < a.rank; /* and no branch, which nobody could foresee */
  return (low){less ? b.rank : a.rank, less ? b.at : a.at};
}

/* One by one: a wide load would have to wait until the ranks just written are in the cache. */
static inline low low_of(const int32_t *ranks, size_t line) {
  low l = {NO_SYMBOL, 0};
  for (size_t i = line * LINE; i < (line + 1) * LINE; i++) l = lower(l, (low){ranks[i], (uint32_t)i});
  return l;
}

static low lowest_of(const low *lows, size_t lines) {
  /* cppcheck-suppress uninitvar; merge_short has set as many as there are lines */
  low l = lows[0];
  for (size_t i = 1; i < lines; i++) l = lower(l, lows[i]);
  return l;
}

static size_t gather(const int32_t *symbols, uint64_t alive, int32_t *out) {
  size_t count = 0;
  for (; alive; alive &= alive - 1) out[count++] = symbols[__builtin_ctzll(alive)];
  return count;
}

size_t merge_short(const merges *all, const uint8_t *bytes, size_t count, int32_t *out) {
  int32_t symbols[MERGE_SHORT], ranks[MERGE_SHORT];
  low lows[MOST_LINES];
  size_t lines = lines_of(count);
  uint64_t alive = UINT64_MAX >> (64 - count);
  begin(all, bytes, count, symbols, ranks);
  for (size_t i = 0; i < lines; i++) lows[i] = low_of(ranks, i);
  for (;;) {
    low l = lowest_of(lows, lines);
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): a byte has a line */
    if (l.rank == NO_SYMBOL) return gather(symbols, alive, out);
    uint64_t from = UINT64_MAX << l.at, behind = alive & from << 1, ahead = alive & ~from;
    size_t next = (size_t)__builtin_ctzll(behind), last = l.at;
    alive &= ~(UINT64_C(1) << next);
    behind &= behind - 1;
    symbols[l.at] = l.rank;
    ranks[next] = NO_SYMBOL;
    ranks[l.at] = behind ? merges_find(all, l.rank, symbols[__builtin_ctzll(behind)]) : NO_SYMBOL;
    if (ahead) {
      last = 63 - (size_t)__builtin_clzll(ahead);
      ranks[last] = merges_find(all, symbols[last], l.rank);
    }
    for (size_t i = last / LINE; i <= next / LINE; i++) lows[i] = low_of(ranks, i);
  }
}

/* The ranks, then of each line of them the lowest, and so on up to one line. */
enum { MOST_LEVELS = 22 }; /* lines of 8, places of 64 bits */
typedef struct minima {
  int32_t *level[MOST_LEVELS];
  unsigned levels;
} minima;

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
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): once freed, both are NULL */
  free(memory->alive);
  *memory = (merge_memory){0};
}

static int32_t lowest_in(const int32_t *line) {
  int32_t lowest = line[0];
  for (size_t i = 1; i < LINE; i++) lowest = line[i] < lowest ? line[i] : lowest;
  return lowest;
}

static void minima_begin(minima *m, int32_t *ranks, size_t count) {
  m->levels = 0;
  for (;;) {
    size_t lines = lines_of(count);
    m->level[m->levels++] = ranks;
    if (lines <= 1) return;
    int32_t *above = ranks + lines * LINE;
    for (size_t i = 0; i < lines; i++) above[i] = lowest_in(ranks + i * LINE);
    for (size_t i = lines; i < lines_of(lines) * LINE; i++) above[i] = NO_SYMBOL;
    ranks = above;
    count = lines;
  }
}

static void minima_set(minima *m, size_t at, int32_t rank) {
  m->level[0][at] = rank;
  for (unsigned l = 1; l < m->levels; l++) {
    int32_t lowest = lowest_in(m->level[l - 1] + at / LINE * LINE);
    at /= LINE;
    if (m->level[l][at] == lowest) return;
    m->level[l][at] = lowest;
  }
}

/* The leftmost place of the lowest rank. */
static size_t minima_find(const minima *m, int32_t lowest) {
  size_t at = 0;
  for (unsigned l = m->levels; l-- > 0;) {
    at *= LINE;
    while (m->level[l][at] != lowest) at++;
  }
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
    int32_t lowest = lowest_in(m.level[m.levels - 1]);
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
  for (size_t w = 0; w < (count + 63) / 64; w++) left += gather(symbols + w * 64, alive[w], symbols + left);
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
