/* The documents of a dataset in pieces, in order, with bounded memory: from an index where a file has one, else between
   the end-of-text ids, else each file is one. The end-of-text id is left out where it parts documents, and at the end
   (or start) of a document of an index, unless it is kept.

   Usage:
       documents d = {.dataset = dataset, .separator = BATCH_SEPARATOR_AFTER, .end_of_text = 50256,
                      .end = batch_dataset_tokens(dataset), .last = UINT64_MAX};
       while (documents_next(&d, &piece)) ...
       if (d.failed) status = documents_fail(&d, command);
       documents_free(&d); */
#ifndef HEADRACE_CLI_DOCUMENTS_H
#define HEADRACE_CLI_DOCUMENTS_H

#include "cli.h"

enum { DOCUMENTS_PIECE = 1 << 16 }; /* ids, at most, of a piece */

typedef struct documents {
  const BatchDataset *dataset;
  batch_separator separator;
  int32_t end_of_text;
  bool keep;            /* the end-of-text ids */
  uint64_t start, end;  /* tokens of the stream: what lies outside is not looked at */
  uint64_t first, last; /* documents that are given, from 0 on */
  bool failed;
  uint64_t at;       /* token of the stream: those before are done */
  uint64_t document; /* at hand, or the next one */
  /* Its own: */
  size_t file;             /* the next one */
  bool indexed, inside;    /* inside: a document was begun, and not ended */
  uint64_t file_end;       /* of what is wanted of the file at hand */
  uint64_t index, in_file; /* the next document of an index, and how many the file has from there on */
  uint64_t whole_start, whole_end; /* of a document of an index */
  int32_t *ids;                    /* read: [used] from token `block` of the stream on */
  uint64_t block;
  size_t used;
} documents;

typedef struct document_piece {
  const int32_t *ids; /* until the next call */
  size_t count;
  uint64_t first; /* of them, in the stream */
  bool begins, ends;
} document_piece;

bool documents_next(documents *d, document_piece *piece);

/* Says why it failed, and returns the exit status. */
int documents_fail(const documents *d, const char *command);

/* Whether the piece is of a file whose documents are known; else the file is one. */
bool documents_are_known(const documents *d);
void documents_free(documents *d);

#endif
