/* Documents out of text and .jsonl, in pieces, with bounded memory: a text file is one document, in pieces that
   end where a read ends (but not inside a character); a line of .jsonl is one document in one piece. Malformed
   UTF-8 is dealt with here, where its place in the file is known. */
#ifndef HEADRACE_TEXT_TEXT_READER_H
#define HEADRACE_TEXT_TEXT_READER_H

#include "headrace/dataset.h"
#include "text/byte_stream.h"
#include "text/text_buffer.h"

/* Bytes that are read at once, at least 4. Only tests change it: what comes out does not depend on it. */
extern size_t text_reader_step;

/* The longest document that options allow. */
size_t text_longest(const batch_dataset_options *options);

/* An open file of text. */
typedef struct text_file {
  const char *path;
  int fd;
  bool jsonl, compressed;
} text_file;

/* Where a document begins, or the text ends. */
typedef struct text_place {
  uint64_t offset;    /* in the text, decompressed */
  uint64_t line;      /* .jsonl: lines before it; text: 1 at its end */
  uint64_t bad_lines; /* .jsonl: of them, passed over */
} text_place;

typedef struct text_reader {
  byte_stream stream;
  bool jsonl;
  const char *field;
  batch_malformed malformed;
  batch_bad_line on_bad_line;
  size_t longest;              /* bytes of a line of .jsonl */
  bool (*tick)(void *context); /* after every read; false stops, with an error set. May be NULL */
  void *tick_context;
  text_buffer raw;    /* read and not yet given: from `start` on */
  size_t start;       /* in raw */
  uint64_t offset;    /* of raw.data[start] in the text */
  uint64_t before;    /* bytes that are still to be passed over to come there */
  bool finished;      /* text: the last piece was given */
  uint64_t line;      /* .jsonl: the line given last, from 1 */
  uint64_t bad_lines; /* .jsonl: passed over */
  text_buffer clean;  /* a piece with malformed parts replaced; the document of a line */
} text_reader;

typedef struct text_piece {
  const char *text; /* until the next call */
  size_t bytes;
  bool begins, ends; /* a document */
} text_piece;

/* Borrows what file and options hold. from: the place to begin at; NULL: the start. */
bool text_reader_open(text_reader *reader, const text_file *file, const batch_dataset_options *options,
                      const text_place *from);

/* BATCH_OK and a piece, BATCH_END, or an error. */
batch_status text_reader_next(text_reader *reader, text_piece *piece);

/* After the last piece of a document: where the next one begins. */
text_place text_reader_place(const text_reader *reader);

void text_reader_close(text_reader *reader);

#endif
