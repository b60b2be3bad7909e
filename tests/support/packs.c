#include "support/packs.h"

#include <stdlib.h>

#include "support/check.h"

/* The rest of a document, and where it begins. */
static uint32_t rest_of(const packer *p, uint32_t d, uint64_t *token) {
  uint64_t full = p->aligned ? 0 : p->pairs[d] / p->sequence_length, rest;
  *token = p->starts[d] + full * p->sequence_length;
  rest = p->pairs[d] - full * p->sequence_length;
  return rest < p->sequence_length ? (uint32_t)rest : p->sequence_length;
}

typedef struct naive_piece {
  uint64_t token, cropped;
  uint32_t pairs, columns, row;
} naive_piece;

typedef struct naive {
  naive_piece *pieces; /* in the order in which they are packed */
  uint32_t count, rows;
  uint32_t *room, *changed; /* [rows] */
} naive;

static void cut(naive *n, const packer *p, uint32_t documents) {
  for (uint32_t d = 0; d < documents; d++) {
    naive_piece piece = {0};
    piece.pairs = rest_of(p, d, &piece.token);
    piece.columns = (piece.pairs + p->multiple - 1) / p->multiple * p->multiple;
    if (p->aligned) piece.cropped = p->pairs[d] - piece.pairs;
    if (piece.pairs == 0) continue;
    uint32_t at = n->count++; /* by insertion, behind those that are as long */
    for (; at > 0 && n->pieces[at - 1].columns < piece.columns; at--) n->pieces[at] = n->pieces[at - 1];
    n->pieces[at] = piece;
  }
}

static void fit(naive *n, uint32_t length) {
  for (uint32_t i = 0; i < n->count; i++) {
    uint32_t best = n->rows, columns = n->pieces[i].columns;
    for (uint32_t r = 0; r < n->rows; r++)
      if (n->room[r] >= columns && (best == n->rows || n->room[r] < n->room[best] ||
                                    (n->room[r] == n->room[best] && n->changed[r] > n->changed[best])))
        best = r;
    if (best == n->rows) n->room[n->rows++] = length;
    n->room[best] -= columns;
    n->changed[best] = i + 1;
    n->pieces[i].row = best;
  }
}

static naive pack_naively(const packer *p, uint32_t documents) {
  naive n = {.pieces = calloc(documents + 1, sizeof *n.pieces),
             .room = calloc(documents + 1, sizeof *n.room),
             .changed = calloc(documents + 1, sizeof *n.changed)};
  cut(&n, p, documents);
  fit(&n, p->sequence_length);
  return n;
}

static void free_naive(naive *n) {
  free(n->pieces);
  free(n->room);
  free(n->changed);
}

static void assert_piece(pack_piece found, naive_piece expected) {
  cr_assert_eq(found.token, expected.token);
  cr_assert_eq(found.pairs, expected.pairs);
  cr_assert_eq(found.columns, expected.columns);
  cr_assert_eq(found.cropped, expected.cropped);
}

static void assert_as_naive(const packer *p, uint32_t documents, const pack_table *t) {
  naive n = pack_naively(p, documents);
  uint32_t *found = calloc(n.rows + 1, sizeof *found);
  for (uint32_t i = 0; i < n.count; i++)
    assert_piece(pack_table_piece(t, n.pieces[i].row, found[n.pieces[i].row]++), n.pieces[i]);
  for (uint32_t r = 0; r < n.rows; r++) cr_assert_eq(pack_table_pieces(t, r), found[r]);
  uint64_t row = n.rows;
  for (uint32_t d = 0; d < documents && !p->aligned; d++)
    for (uint64_t k = 0; k < p->pairs[d] / p->sequence_length; k++, row++) {
      cr_assert_eq(pack_table_pieces(t, row), 1);
      assert_piece(pack_table_piece(t, row, 0), (naive_piece){.token = p->starts[d] + k * p->sequence_length,
                                                              .pairs = p->sequence_length,
                                                              .columns = p->sequence_length});
    }
  cr_assert_eq(t->rows, row);
  free(found);
  free_naive(&n);
}

static int compare_tokens(const void *one, const void *other) {
  const pack_piece *a = one, *b = other;
  return a->token < b->token ? -1 : a->token > b->token;
}

/* All pieces of all rows, by where they begin; counts what the rows leave unused. */
static pack_piece *gather(const packer *p, const pack_table *t, uint64_t *count, uint64_t *unused) {
  pack_piece *pieces = calloc(p->most_documents + (size_t)t->rows + 1, sizeof *pieces);
  *count = *unused = 0;
  for (uint64_t row = 0; row < t->rows; row++) {
    uint32_t columns = 0, n = pack_table_pieces(t, row);
    cr_assert_gt(n, 0);
    *unused += p->sequence_length;
    for (uint32_t i = 0; i < n; i++) {
      pack_piece piece = pieces[(*count)++] = pack_table_piece(t, row, i);
      cr_assert(piece.pairs > 0 && piece.columns >= piece.pairs && piece.columns < piece.pairs + p->multiple);
      cr_assert_eq(piece.columns % p->multiple, 0);
      columns += piece.columns;
      *unused -= piece.pairs;
    }
    cr_assert_leq(columns, p->sequence_length, "row %llu has %u columns", (unsigned long long)row, columns);
  }
  qsort(pieces, (size_t)*count, sizeof *pieces, compare_tokens);
  return pieces;
}

static void assert_nothing_lost(const packer *p, uint32_t documents, const pack_table *t) {
  uint64_t count, unused, found = 0, cropped = 0;
  pack_piece *pieces = gather(p, t, &count, &unused);
  for (uint32_t d = 0; d < documents; d++) {
    uint64_t token = p->starts[d], end = token + p->pairs[d], left_out = 0;
    pack_piece key = {.token = token};
    const pack_piece *at = token < end ? bsearch(&key, pieces, count, sizeof key, compare_tokens) : NULL;
    cr_assert(at || token == end, "document %u is lost", d);
    for (; token < end - left_out; at++, found++) {
      cr_assert(at < pieces + count && at->token == token, "document %u is not whole", d);
      token += at->pairs;
      left_out = at->cropped;
    }
    cr_assert_eq(token, end - left_out, "document %u overlaps", d);
    cropped += left_out;
  }
  cr_assert_eq(found, count, "%llu pieces are of no document", (unsigned long long)(count - found));
  cr_assert_eq(t->cropped, cropped);
  cr_assert(cropped == 0 || p->aligned);
  cr_assert_eq(t->unused, unused);
  free(pieces);
}

void check_window(packer *p, pack_table *t, uint32_t documents) {
  packer_pack(p, documents, t);
  assert_as_naive(p, documents, t);
  assert_nothing_lost(p, documents, t);
}
