/* Documents out of text and .jsonl, in pieces, with bounded memory: a text file is one document in
   pieces of at most 256 KiB, cut behind a line where there is one; a line of .jsonl is one document
   in one piece. Malformed UTF-8 is dealt with here, where its place in the file is known. */
#ifndef HEADRACE_DATA_TEXT_READER_H
#define HEADRACE_DATA_TEXT_READER_H

#include "data/byte_stream.h"
#include "data/source.h"
#include "data/text_buffer.h"

typedef struct text_reader {
  byte_stream stream;
  batch_format format;
  const char *field;
  batch_malformed malformed;
  text_buffer raw;   /* read and not yet given: from `start` on */
  size_t start;      /* in raw */
  uint64_t offset;   /* of raw.data[start] in the text */
  bool ended;        /* the stream has nothing more */
  bool finished;     /* text: the last piece was given */
  uint64_t line;     /* .jsonl: the line given last, from 1 */
  text_buffer clean; /* a piece with malformed parts replaced */
  void *json;        /* the line given last */
} text_reader;

typedef struct text_piece {
  const char *text; /* until the next call */
  size_t bytes;
  bool begins, ends; /* a document */
} text_piece;

/* Borrows what file and options hold. */
bool text_reader_open(text_reader *reader, const source_file *file, const batch_dataset_options *options);

/* BATCH_OK and a piece, BATCH_END, or an error. */
batch_status text_reader_next(text_reader *reader, text_piece *piece);

void text_reader_close(text_reader *reader);

#endif
