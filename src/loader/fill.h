/* Filling one batch: from its place in the order to its elements, transforms included. */
#ifndef HEADRACE_LOADER_FILL_H
#define HEADRACE_LOADER_FILL_H

#include "base/fault.h"
#include "loader/counts.h"
#include "loader/recipe.h"
#include "loader/sequences.h"

enum { FILLER_ROWS = 256 };

/* What is still to be prefetched. */
typedef struct filler_ahead {
  const uint8_t *at;
  size_t bytes;
} filler_ahead;

/* What one thread needs to fill batches; nothing is allocated afterwards. */
typedef struct filler {
  const recipe *recipe;
  bool wide;              /* the processor has wide vectors, see fill_kernels.h */
  bool in_worker;         /* a worker's, whose thread does not block SIGBUS; else anyone's */
  plan_reader reader;     /* of the steps that are filled */
  plan_reader later;      /* of those that are only asked for, far ahead: see resident.h */
  void *raw;              /* [sequence_length + 1] tokens as stored: of files that are not mapped */
  int64_t *ids;           /* [sequence_length + 1] of rows that lie in several files */
  uint64_t *doubtful_end; /* [mapped] bytes of each mapped file that the batch needed and may be cut off */
  size_t *doubtful;       /* [num_doubtful] the mapped files of which that is not 0 */
  size_t num_doubtful;
  filler_ahead ahead, ahead_loss; /* of the row after the one being filled: tokens, and their loss mask */
  Batch *whole; /* of whole rows, of which each batch gets a part (context.h); NULL: they are not cut */
  Batch *batch; /* the one being filled: that, or the caller's */
  sequences sequences;
  order_place place;
  uint64_t *places; /* [batch_size] of its rows in the epoch; BATCH_NO_PLACE: the epoch has no such row */
  uint32_t there;   /* rows of it that the epoch has */
  uint32_t first, count;      /* of these, the ones that are located: rows [first, first + count) */
  plan_row rows[FILLER_ROWS]; /* [count] */
  position_counts counts;     /* of the last batch */
  uint64_t bytes;             /* read for it */
  uint64_t pieces;            /* of files, that it was made of */
  uint64_t skipped;           /* rows of it that became padding */
  bool *padded;               /* [batch_size] which ones; of a recipe that skips */
  fault fault;                /* of the last batch; its sentence has no function's name */
  bool ends;                  /* nothing comes after the batch, whatever the recipe says of faults */
  bool row_failed;            /* the row being filled has a fault */
} filler;

/* Sets an error, without a function's name. filler_free also after a failure. */
bool filler_init(filler *f, const recipe *r);
void filler_free(filler *f);

/* Makes `batch` what belongs at `place`. The filler's fault says what went wrong, and so does the
   batch's status, unless the recipe says skip: then what is wrong is padding, and the rest is right.
   After a read error all of it is padding. */
void filler_fill(filler *f, const order_place *place, Batch *batch);

/* Makes the batch one whose place cannot be found, for what batch_last_error says. */
void filler_cannot_begin(filler *f, Batch *batch);

/* Records a fault of the row being filled, and its sentence if it is the batch's first, or the first
   read error, which concerns all rows; see error_set. */
__attribute__((format(printf, 3, 4))) void filler_fault(filler *f, batch_status code, const char *format,
                                                        ...);

/* A row of the batch, and the first piece of it; a row that the epoch does not have has no pieces. */
typedef struct filler_row {
  plan_row at;
  uint32_t pieces, source; /* source: of the first one */
  pack_piece first;
} filler_row;

/* fill_row.c: what a row is filled with. */

/* Fills a row of the batch. Runs guarded. */
void filler_fill_row(filler *f, uint32_t row, const filler_row *found);

/* Makes all of the batch padding: what could not be read must not look like data. */
void filler_pad_all(filler *f);

/* When all rows are filled: ends their sequences, transforms them, and cuts them into `batch` where that is not the one
   that was filled. */
void filler_finish(filler *f, Batch *batch);

/* fill_tokens.c: from files to `pairs` columns of a row. */

/* Fills columns [column, column + piece->pairs) of a row from a source. Runs guarded. */
void filler_fill_piece(filler *f, uint32_t source_number, const pack_piece *piece, uint32_t row,
                       uint32_t column);

/* Names a piece of the next row: filling this one brings it on its way from memory, bit by bit, since
   a processor has few reads under way at a time. */
void filler_look_ahead(filler *f, uint32_t source_number, const pack_piece *piece);

/* Notes that a mapped file (recipe_file, recipe_loss) may end before its byte `end`. */
void filler_doubt(filler *f, size_t number, uint64_t end);

/* Reports files that are now shorter than what was read of them, as far as that is in doubt. */
void filler_check_sizes(filler *f);

/* fill_loss.c: writes the mask of a piece's pairs. Runs guarded. */
void filler_put_mask(filler *f, uint32_t source_number, const pack_piece *piece, uint32_t row,
                     uint32_t column);

#endif
