/* Best fit decreasing: pieces by falling length, each into the row with the least room that still
   holds it. Rows of equal room are kept in lists, and a bit set says which rooms have one; so a
   piece costs a look at a few words. */
#include "core/error.h"
#include "data/hole.h"
#include "data/pack.h"

#include <stdlib.h>

#define NO_ROW UINT32_MAX

typedef struct pieces {
  uint64_t *starts;
  uint32_t *pairs;
  uint32_t *row; /* where each piece goes */
  uint32_t count;
} pieces;

typedef struct rooms {
  uint32_t length;
  uint32_t *first; /* [length + 1]: a row with so much room, or NO_ROW */
  uint32_t *next;  /* [pieces]: another row with as much */
  uint64_t *some;  /* bit set [length + 1]: first is a row */
  uint32_t rows;
} rooms;

static uint64_t pieces_of(uint64_t start, uint64_t end, uint32_t length) {
  return end - start < 2 ? 0 : (end - start - 2) / length + 1;
}

/* Reading the boundaries is guarded: an index file may shrink. */
typedef struct reading {
  const pack *pack;
  pieces *all;    /* NULL: only count */
  uint64_t count; /* without all: what it finds; with all: what it may write at most */
} reading;

static void count_pieces(void *context) {
  reading *r = context;
  uint64_t start, end;
  for (uint64_t d = 0; d < r->pack->data->documents; d++) {
    source_document(r->pack->data, d, &start, &end);
    r->count += pieces_of(start, end, r->pack->sequence_length);
  }
}

/* An index that was overwritten meanwhile may give more pieces than were counted; they are left out. */
static void cut_documents(void *context) {
  reading *r = context;
  pieces *all = r->all;
  uint64_t start, end, length = r->pack->sequence_length;
  for (uint64_t d = 0; d < r->pack->data->documents; d++) {
    source_document(r->pack->data, d, &start, &end);
    for (uint64_t left = pieces_of(start, end, (uint32_t)length); left > 0 && all->count < r->count; left--) {
      uint64_t pairs = end - start - 1;
      all->starts[all->count] = start;
      all->pairs[all->count++] = (uint32_t)(pairs < length ? pairs : length);
      start += length;
    }
  }
}

/* Numbers of the pieces, the longest first, equal ones as they lie in the source. order: [count];
   places: [length + 2], scratch, zeroed. */
static void sort_by_length(const pieces *all, uint32_t length, uint32_t *places, uint32_t *order) {
  for (uint32_t i = 0; i < all->count; i++) places[length - all->pairs[i] + 1]++;
  for (uint32_t l = 0; l <= length; l++) places[l + 1] += places[l];
  for (uint32_t i = 0; i < all->count; i++) order[places[length - all->pairs[i]]++] = i;
}

static void push_room(rooms *r, uint32_t row, uint32_t room) {
  r->next[row] = r->first[room];
  r->first[room] = row;
  r->some[room / 64] |= (uint64_t)1 << room % 64;
}

/* Takes a row with the least room >= needed out of its list, or opens one; *room is what it has. */
static uint32_t pop_room(rooms *r, uint32_t needed, uint32_t *room) {
  uint64_t word = r->some[needed / 64] & (UINT64_MAX << needed % 64);
  uint32_t w = needed / 64, last = r->length / 64;
  while (word == 0 && w < last) word = r->some[++w];
  if (word == 0) {
    *room = r->length;
    return r->rows++;
  }
  *room = w * 64 + (uint32_t)__builtin_ctzll(word);
  uint32_t row = r->first[*room];
  r->first[*room] = r->next[row];
  if (r->first[*room] == NO_ROW) r->some[w] &= ~((uint64_t)1 << *room % 64);
  return row;
}

static void place_pieces(const pieces *all, const uint32_t *order, rooms *r) {
  for (uint32_t l = 0; l <= r->length; l++) r->first[l] = NO_ROW;
  for (uint32_t i = 0; i < all->count; i++) {
    uint32_t room, needed = all->pairs[order[i]];
    uint32_t row = all->row[order[i]] = pop_room(r, needed, &room);
    if (room > needed) push_room(r, row, room - needed);
  }
}

static bool no_memory(uint64_t count) {
  return error_fail(BATCH_OUT_OF_MEMORY, "batch_loader_create: no memory for packing %llu pieces",
                    (unsigned long long)count);
}

/* Lays the pieces out row by row: a counting sort by row, the longest piece of a row first. */
static bool tabulate(pack *p, const pieces *all, const uint32_t *order, uint32_t rows) {
  uint32_t *first = calloc((size_t)rows + 2, sizeof *first);
  p->table = (pack_table){first, malloc(all->count * sizeof(uint64_t) + 1),
                          malloc(all->count * sizeof(uint32_t) + 1)};
  if (!first || !p->table.starts || !p->table.pairs) return false;
  p->rows = rows;
  for (uint32_t i = 0; i < all->count; i++) first[all->row[i] + 2]++;
  for (uint32_t r = 0; r < rows; r++) first[r + 2] += first[r + 1];
  for (uint32_t i = 0; i < all->count; i++) {
    uint32_t at = first[all->row[order[i]] + 1]++;
    p->table.starts[at] = all->starts[order[i]];
    p->table.pairs[at] = all->pairs[order[i]];
  }
  return true;
}

/* Packs what was counted; scratch[0..7] is freed by the caller. */
static bool pack_counted(pack *p, uint64_t count, void *scratch[8]) {
  size_t length = p->sequence_length, n = count > 0 ? count : 1;
  const size_t bytes[8] = {n * sizeof(uint64_t),
                           n * sizeof(uint32_t),
                           n * sizeof(uint32_t),
                           n * sizeof(uint32_t),
                           n * sizeof(uint32_t),
                           (length + 1) * sizeof(uint32_t),
                           (length + 2) * sizeof(uint32_t),
                           (length / 64 + 1) * sizeof(uint64_t)};
  for (size_t i = 0; i < 8; i++)
    if (!(scratch[i] = calloc(1, bytes[i]))) return no_memory(count);
  pieces all = {scratch[0], scratch[1], scratch[2], 0};
  uint32_t *order = scratch[3], *places = scratch[6];
  rooms r = {p->sequence_length, scratch[5], scratch[4], scratch[7], 0};
  if (!hole_guarded(p->data, cut_documents, &(reading){p, &all, count})) return false;
  sort_by_length(&all, p->sequence_length, places, order);
  place_pieces(&all, order, &r);
  return tabulate(p, &all, order, r.rows) || no_memory(count);
}

bool pack_best_fit(pack *p) {
  reading counted = {p, NULL, 0};
  if (!hole_guarded(p->data, count_pieces, &counted)) return false;
  if (counted.count >= NO_ROW)
    return error_fail(BATCH_OVERFLOW,
                      "batch_loader_create: best fit packing of %llu pieces, expected fewer than 2^32 - 1",
                      (unsigned long long)counted.count);
  void *scratch[8] = {NULL};
  bool ok = pack_counted(p, counted.count, scratch);
  for (size_t i = 0; i < 8; i++) free(scratch[i]);
  return ok;
}
