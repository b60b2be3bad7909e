#include "loader/plan/packer.h"

#include <stdlib.h>

#include "base/error.h"

enum { DIGIT = 11 };

#define NO_ROW UINT32_MAX

bool packer_init(packer *p, uint32_t sequence_length, uint32_t most_documents, uint32_t multiple,
                 bool aligned) {
  *p = (packer){.sequence_length = sequence_length,
                .most_documents = most_documents,
                .multiple = multiple,
                .aligned = aligned,
                .units = sequence_length / multiple};
  if ((p->starts = calloc(most_documents, sizeof *p->starts)) &&
      (p->pairs = calloc(most_documents, sizeof *p->pairs)) &&
      (p->pieces = calloc(most_documents, sizeof *p->pieces)) &&
      (p->spare = calloc(most_documents, sizeof *p->spare)) &&
      (p->rows = calloc(most_documents, sizeof *p->rows)) &&
      (p->next = calloc(most_documents, sizeof *p->next)) &&
      /* cppcheck-suppress leakReturnValNotUsed; it answers whether it could */
      (p->first = calloc((size_t)p->units + 1, sizeof *p->first)) && room_set_init(&p->rooms, p->units))
    return true;
  return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for packing %u documents into rows of %u",
                    most_documents, sequence_length);
}

void packer_free(packer *p) {
  free(p->starts);
  free(p->pairs);
  free(p->pieces);
  free(p->spare);
  free(p->rows);
  free(p->next);
  free(p->first);
  room_set_free(&p->rooms);
}

/* What of a document is packed: all of it, or what its full rows leave. */
static uint32_t packed_pairs(const packer *p, uint64_t pairs) {
  if (pairs < p->sequence_length) return (uint32_t)pairs;
  return p->aligned ? p->sequence_length : (uint32_t)(pairs % p->sequence_length);
}

static void add_piece(packer *p, uint32_t document, uint32_t pairs) {
  uint32_t size = p->multiple == 1 ? pairs : (pairs - 1) / p->multiple + 1;
  p->pieces[p->count++] = (uint64_t)(p->units - size) << 32 | document;
}

/* Cuts the documents into pieces and full rows. */
static void cut_documents(packer *p, uint32_t n, pack_table *out) {
  uint64_t full = 0;
  p->count = 0;
  for (uint32_t i = 0; i < n; i++) {
    uint64_t pairs = p->pairs[i], left = packed_pairs(p, pairs);
    if (left > 0) add_piece(p, i, (uint32_t)left);
    if (pairs == left) continue;
    if (p->aligned)
      out->cropped += pairs - left;
    else
      out->longs[out->num_long++] = (pack_long){p->starts[i], full += pairs / p->sequence_length};
  }
  out->rows = full;
}

/* By falling size, equal ones in the documents' order: a radix sort, digit by digit from the lowest one on. */
static void sort_pieces(packer *p) {
  for (unsigned shift = 0; (uint64_t)(p->units - 1) >> shift > 0; shift += DIGIT) {
    uint32_t places[(1 << DIGIT) + 1] = {0};
    for (uint32_t i = 0; i < p->count; i++) places[(p->pieces[i] >> (32 + shift)) % (1 << DIGIT) + 1]++;
    for (unsigned d = 1; d < 1 << DIGIT; d++) places[d] += places[d - 1];
    for (uint32_t i = 0; i < p->count; i++)
      p->spare[places[(p->pieces[i] >> (32 + shift)) % (1 << DIGIT)]++] = p->pieces[i];
    uint64_t *sorted = p->spare;
    p->spare = p->pieces;
    p->pieces = sorted;
  }
}

static void push_row(packer *p, uint32_t row, uint32_t room) {
  p->next[row] = room_set_add(&p->rooms, room) ? NO_ROW : p->first[room];
  p->first[room] = row;
}

static uint32_t pop_row(packer *p, uint32_t room) {
  uint32_t row = p->first[room];
  if ((p->first[room] = p->next[row]) == NO_ROW) room_set_remove(&p->rooms, room);
  return row;
}

/* Puts each piece into the row with the least room that holds it; of several the one that was put into last. */
static uint32_t place_pieces(packer *p) {
  uint32_t rows = 0;
  for (uint32_t i = 0; i < p->count; i++) {
    uint32_t size = p->units - (uint32_t)(p->pieces[i] >> 32), room = room_set_least(&p->rooms, size);
    uint32_t row = p->rows[i] = room == ROOM_SET_NONE ? rows++ : pop_row(p, room);
    if (room == ROOM_SET_NONE) room = p->units;
    if (room > size) push_row(p, row, room - size);
  }
  for (uint32_t room; (room = room_set_least(&p->rooms, 0)) != ROOM_SET_NONE;)
    room_set_remove(&p->rooms, room);
  return rows;
}

static void write_piece(const packer *p, uint32_t document, pack_table *out, uint32_t at) {
  uint64_t pairs = p->pairs[document];
  uint32_t packed = packed_pairs(p, pairs);
  out->pairs[at] = packed;
  out->tokens[at] = p->starts[document] + (p->aligned ? 0 : pairs - packed);
  if (p->aligned) out->piece_cropped[at] = pairs - packed;
  out->unused -= packed;
}

/* Lays the pieces out row by row: a counting sort, which leaves them in falling order within a row. */
static void tabulate(const packer *p, pack_table *out) {
  uint32_t *first = out->row_first;
  for (uint32_t r = 0; r < out->packed + 2; r++) first[r] = 0;
  for (uint32_t i = 0; i < p->count; i++) first[p->rows[i] + 2]++;
  for (uint32_t r = 2; r < out->packed + 2; r++) first[r] += first[r - 1];
  for (uint32_t i = 0; i < p->count; i++)
    write_piece(p, (uint32_t)p->pieces[i], out, first[p->rows[i] + 1]++);
}

void packer_pack(packer *p, uint32_t n, pack_table *out) {
  out->cropped = out->num_long = 0;
  cut_documents(p, n, out);
  sort_pieces(p);
  out->packed = place_pieces(p);
  out->rows += out->packed;
  out->unused = (uint64_t)out->packed * p->sequence_length;
  tabulate(p, out);
}
