#include "documents.h"

#include <stdlib.h>

#include "separator.h"

static uint64_t larger(uint64_t a, uint64_t b) {
  return a > b ? a : b;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

static bool is_wanted(const documents *d) {
  return d->document >= d->first && d->document <= d->last;
}

/* What is at hand of the tokens up to `end`: at least one, if there is one. */
static bool read_to(documents *d, uint64_t end, document_piece *piece) {
  if (d->at < end && (d->at < d->block || d->at - d->block >= d->used)) {
    d->block = d->at;
    d->used = (size_t)smaller(d->file_end - d->at, DOCUMENTS_PIECE);
    d->failed = !batch_dataset_read(d->dataset, d->at, d->used, d->ids);
    if (d->failed) d->used = 0;
  }
  piece->count = d->at < end ? (size_t)smaller(end - d->at, d->block + d->used - d->at) : 0;
  piece->ids = piece->count > 0 ? d->ids + (d->at - d->block) : d->ids;
  piece->first = d->at;
  return !d->failed;
}

/* Begins the next file; false: there is none. */
static bool next_file(documents *d) {
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  d->index += d->in_file;
  if (d->file == batch_dataset_files(d->dataset)) return false;
  d->failed = !batch_dataset_get_file(d->dataset, d->file++, &info);
  d->indexed = separator_has_index(info.format);
  d->in_file = info.documents;
  d->at = larger(info.first_token, d->start);
  d->file_end = larger(d->at, smaller(info.first_token + info.tokens, d->end));
  return !d->failed;
}

/* Whether something of the document at hand lies in the part. Of empty ones at its borders those at its start do, and those
   at its end if nothing follows: so parts one behind the other have each of them once. */
static bool is_inside(const documents *d) {
  uint64_t start = d->whole_start;
  bool to_the_end = d->end == batch_dataset_tokens(d->dataset);
  if (start < d->whole_end) return start < d->end && d->whole_end > d->start;
  return start >= d->start && (start < d->end || (to_the_end && start == d->end));
}

/* Begins the next document of an index that is wanted; false: the file has no more. */
static bool next_of_index(documents *d) {
  for (; d->in_file > 0; d->document++) {
    d->in_file--;
    d->failed = !batch_dataset_document(d->dataset, d->index++, &d->whole_start, &d->whole_end);
    if (d->failed) return false;
    if (!is_inside(d) || !is_wanted(d)) continue;
    d->at = larger(d->whole_start, d->start);
    return true;
  }
  return false;
}

static bool piece_of_index(documents *d, document_piece *piece) {
  *piece = (document_piece){.begins = !d->inside};
  if (!d->inside && !next_of_index(d)) return false;
  uint64_t end = smaller(d->whole_end, d->end), from = d->at;
  if (!read_to(d, end, piece)) return false;
  d->at += piece->count;
  piece->ends = d->at == end;
  bool drops = !d->keep && piece->count > 0;
  if (drops && d->separator == BATCH_SEPARATOR_BEFORE && from == d->whole_start &&
      piece->ids[0] == d->end_of_text) {
    piece->ids++;
    piece->first++;
    piece->count--;
  }
  if (drops && d->separator == BATCH_SEPARATOR_AFTER && d->at == d->whole_end &&
      piece->ids[piece->count - 1] == d->end_of_text)
    piece->count--;
  return true;
}

static size_t find(const documents *d, const int32_t *ids, size_t from, size_t count) {
  while (from < count && ids[from] != d->end_of_text) from++;
  return from;
}

/* Cuts what was read where the document ends. Returns the tokens that are done by it. */
static size_t cut(const documents *d, document_piece *piece) {
  const int32_t *ids = piece->ids;
  size_t count = piece->count;
  bool before = d->separator == BATCH_SEPARATOR_BEFORE, after = d->separator == BATCH_SEPARATOR_AFTER;
  size_t from = before && piece->begins && ids[0] == d->end_of_text;
  size_t at = before || after ? find(d, ids, from, count) : count;
  piece->ends = at < count;
  size_t skipped = d->keep ? 0 : from;
  piece->ids += skipped;
  piece->first += skipped;
  piece->count = at + (after && piece->ends && d->keep) - skipped;
  return at + (after && piece->ends);
}

static bool piece_of_stream(documents *d, document_piece *piece) {
  *piece = (document_piece){.begins = !d->inside};
  if (d->at == d->file_end || !read_to(d, d->file_end, piece)) return false;
  d->at += cut(d, piece);
  piece->ends |= d->at == d->file_end;
  return true;
}

bool documents_next(documents *d, document_piece *piece) {
  if (!d->ids) d->ids = malloc(DOCUMENTS_PIECE * sizeof *d->ids);
  d->failed = !d->ids;
  while (!d->failed && d->document <= d->last) {
    bool wanted = is_wanted(d);
    if (d->file > 0 && (d->indexed ? piece_of_index(d, piece) : piece_of_stream(d, piece))) {
      d->inside = !piece->ends;
      d->document += piece->ends;
      if (wanted || d->indexed) return true;
    } else if (d->failed || !next_file(d)) {
      return false;
    }
  }
  return false;
}

int documents_fail(const documents *d, const char *command) {
  return d->ids ? cli_library_error(command) : cli_error(command, "no memory for %d ids", DOCUMENTS_PIECE);
}

bool documents_are_known(const documents *d) {
  return d->indexed || d->separator;
}

void documents_free(documents *d) {
  free(d->ids);
  d->ids = NULL;
}
