/* Best fit decreasing: pieces by falling length, each into the row with the least room that still
   holds it. Rows of equal room are kept in lists, and a bit set says which rooms have one; so a
   piece costs a look at a few words. */
#include "loader/plan/pack.h"

#include <stdlib.h>

#include "base/error.h"
#include "dataset/hole.h"

#define NO_ROW UINT32_MAX

typedef struct pieces {
  uint64_t *starts;
  uint32_t *pairs;
  uint32_t *row;   /* where each piece goes */
  uint32_t *order; /* the numbers of the pieces, the longest first, equal ones as they lie in the source */
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

typedef struct reading {
  const pack *pack;
  pieces *all;   /* NULL: only count */
  uint64_t most; /* that may be written */
  uint64_t found;
} reading;

static void cut_document(reading *r, uint64_t start, uint64_t end) {
  pieces *all = r->all;
  uint64_t length = r->pack->sequence_length, left = pieces_of(start, end, r->pack->sequence_length);
  r->found += left;
  for (; all && left > 0 && all->count < r->most; left--, start += length) {
    uint64_t pairs = end - start - 1;
    all->starts[all->count] = start;
    all->pairs[all->count++] = (uint32_t)(pairs < length ? pairs : length);
  }
}

static void cut_documents(void *context) {
  reading *r = context;
  uint64_t start, end;
  for (uint64_t d = 0; d < r->pack->data->documents; d++) {
    token_files_document(r->pack->data, d, &start, &end);
    cut_document(r, start, end);
  }
}

/* An index that is overwritten between the two readings can give another number of pieces: then they
   are not those that were counted. */
static bool cut_as_counted(pack *p, uint64_t count, pieces *all) {
  reading r = {p, all, count, 0};
  if (!hole_guarded(p->data, cut_documents, &r)) return false;
  return r.found == count || pack_changed(p);
}

/* places: [length + 2], scratch, zeroed. */
static void sort_by_length(const pieces *all, uint32_t length, uint32_t *places) {
  for (uint32_t i = 0; i < all->count; i++) places[length - all->pairs[i] + 1]++;
  for (uint32_t l = 0; l <= length; l++) places[l + 1] += places[l];
  for (uint32_t i = 0; i < all->count; i++) all->order[places[length - all->pairs[i]]++] = i;
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

static void place_pieces(const pieces *all, rooms *r) {
  for (uint32_t l = 0; l <= r->length; l++) r->first[l] = NO_ROW;
  for (uint32_t i = 0; i < all->count; i++) {
    uint32_t room, needed = all->pairs[all->order[i]];
    uint32_t row = all->row[all->order[i]] = pop_room(r, needed, &room);
    if (room > needed) push_room(r, row, room - needed);
  }
}

static bool place_all(const pieces *all, uint32_t length, uint32_t *rows) {
  uint32_t *places = pack_allocate((uint64_t)length + 2, sizeof *places);
  rooms r = {length, places ? pack_allocate((uint64_t)length + 1, sizeof *r.first) : NULL, NULL, NULL, 0};
  if (r.first) r.next = pack_allocate(all->count, sizeof *r.next);
  if (r.next) r.some = pack_allocate(length / 64 + 1, sizeof *r.some);
  if (r.some) {
    sort_by_length(all, length, places);
    place_pieces(all, &r);
    *rows = r.rows;
  }
  free(places), free(r.first), free(r.next);
  free(r.some);
  return r.some;
}

static void swap_pieces(pieces *all, uint32_t i, uint32_t j) {
  pack_piece piece = {.token = all->starts[i], .pairs = all->pairs[i]};
  uint32_t row = all->row[i];
  all->starts[i] = all->starts[j], all->pairs[i] = all->pairs[j], all->row[i] = all->row[j];
  all->starts[j] = piece.token, all->pairs[j] = piece.pairs, all->row[j] = row;
}

/* Lays the pieces out row by row, the longest piece of a row first: a counting sort by row says where
   each one goes (row is that place from then on), and they change places. first: [rows + 2], zeroed. */
static void tabulate(pieces *all, uint32_t *first, uint32_t rows) {
  for (uint32_t i = 0; i < all->count; i++) first[all->row[i] + 2]++;
  for (uint32_t r = 0; r < rows; r++) first[r + 2] += first[r + 1];
  for (uint32_t i = 0; i < all->count; i++) {
    uint32_t *row = &all->row[all->order[i]];
    *row = first[*row + 1]++;
  }
  for (uint32_t i = 0; i < all->count; i++)
    while (all->row[i] != i) swap_pieces(all, i, all->row[i]);
}

/* starts and pairs are the table's. */
static bool pack_counted(pack *p, uint64_t count, pieces *all) {
  uint32_t rows = 0;
  if (!(p->table.starts = all->starts = pack_allocate(count, sizeof *all->starts)) ||
      !(p->table.pairs = all->pairs = pack_allocate(count, sizeof *all->pairs)) ||
      !(all->row = pack_allocate(count, sizeof *all->row)) ||
      !(all->order = pack_allocate(count, sizeof *all->order)) || !cut_as_counted(p, count, all) ||
      !place_all(all, p->sequence_length, &rows) ||
      !(p->table.row_first = pack_allocate((uint64_t)rows + 2, sizeof *p->table.row_first)))
    return false;
  p->rows = rows;
  tabulate(all, p->table.row_first, rows);
  return true;
}

bool pack_best_fit(pack *p) {
  reading counted = {p, NULL, 0, 0};
  pieces all = {0};
  if (!hole_guarded(p->data, cut_documents, &counted)) return false;
  if (counted.found >= NO_ROW)
    return error_fail(BATCH_ERROR_OVERFLOW, "best fit packing of %llu pieces, expected fewer than 2^32 - 1",
                      (unsigned long long)counted.found);
  bool ok = pack_counted(p, counted.found, &all);
  free(all.row);
  free(all.order);
  return ok;
}
