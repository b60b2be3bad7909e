/* Packs a window of documents into rows by best fit decreasing: by falling length, each into the row
   with the least room that still holds it, of several into the one that got a piece last (Johnson et al.,
   "Worst-case performance bounds for simple one-dimensional packing algorithms", 1974; Ding et al., "Fewer
   truncations improve language modeling", 2024). The full rows of a document stand alone, and what is left
   behind them is packed.

   Usage:
       packer p;
       pack_table table;
       if (!packer_init(&p, 2048, 65536, 1, false) || !pack_table_init(&table, &p)) ...;
       for (uint32_t i = 0; i < n; i++) p.starts[i] = ..., p.pairs[i] = length - 1;
       packer_pack(&p, n, &table);

   The rows are a function of the documents' lengths and their order alone. A window costs O(documents),
   whatever their lengths, and allocates nothing.

   Threads: one at a time has a packer. */
#ifndef HEADRACE_LOADER_PLAN_PACKER_H
#define HEADRACE_LOADER_PLAN_PACKER_H

#include "loader/plan/pack_table.h"
#include "loader/plan/room_set.h"

/* The most documents of a window. */
#define PACKER_MOST_DOCUMENTS ((uint32_t)1 << 30)

typedef struct packer {
  uint32_t sequence_length;
  uint32_t most_documents;
  uint32_t multiple;
  bool aligned;
  uint64_t *starts; /* [most_documents], the caller's: token at which each document begins */
  uint64_t *pairs;  /* [most_documents], the caller's: inputs that each has, length - 1; 0: it is left out.
                       The sum is below 2^63 */
  /* Scratch. Sizes and rooms are counted in multiples. */
  uint32_t units;   /* of a row */
  uint32_t count;   /* of pieces */
  uint64_t *pieces; /* [most_documents] units less its size in the high half, its document in the low one */
  uint64_t *spare;  /* [most_documents] to sort them into */
  uint32_t *rows;   /* [most_documents] where each piece goes */
  uint32_t *next;   /* [most_documents] behind each row another one with as much room, or none */
  uint32_t *first;  /* [units + 1] a row with so much room, if `rooms` has it */
  room_set rooms;
} packer;

/* All memory is made here, O(most_documents + sequence_length).
   sequence_length: columns of a row, 1 to 2^31 - 1. most_documents: 1 to PACKER_MOST_DOCUMENTS.
   multiple: each piece takes its pairs rounded up to a multiple of it, in columns; 1: as many as it has pairs; it
   divides sequence_length.
   aligned: each row begins with the first token of a document, and documents longer than a row are cropped to it.
   Sets an error, without a function's name, for memory; packer_free also then. */
bool packer_init(packer *p, uint32_t sequence_length, uint32_t most_documents, uint32_t multiple,
                 bool aligned);
void packer_free(packer *p);

/* Packs documents [0, n), n <= most_documents, into the rows of a table that was made for this packer. */
void packer_pack(packer *p, uint32_t n, pack_table *out);

#endif
