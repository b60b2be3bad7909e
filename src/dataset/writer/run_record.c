#include "dataset/writer/run_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mix.h"
#include "dataset/writer/shard_sizes.h"
#include "dataset/writer/staging_internal.h"

#define KIND_LINE    "headrace\tan unfinished run, version "
#define VERSION_LINE KIND_LINE "2\n"
#define SHARD        "shard\t"

enum {
  MARKS = 13,                             /* numbers that say how far the run has come */
  NUMBERS = MARKS + SHARD_FILES,          /* of a shard's line */
  LINE = (int)sizeof SHARD + NUMBERS * 21 /* bytes of it, at most, before its seal */
};

static void give_numbers(const run_mark *m, uint64_t *n) {
  const uint64_t numbers[MARKS] = {m->shards,
                                   m->tokens,
                                   m->documents,
                                   m->masked,
                                   m->input,
                                   m->next.offset,
                                   m->next.line,
                                   m->next.bad_lines,
                                   m->bad_lines,
                                   m->limits.longest_document,
                                   m->limits.malformed,
                                   m->limits.on_bad_line,
                                   m->last};
  memcpy(n, numbers, sizeof numbers);
}

static run_mark mark_of(const uint64_t *n) {
  return (run_mark){.shards = n[0],
                    .tokens = n[1],
                    .documents = n[2],
                    .masked = n[3],
                    .input = n[4],
                    .next = {n[5], n[6], n[7]},
                    .bad_lines = n[8],
                    .limits = {n[9], n[10], n[11]},
                    .last = n[12] == 1};
}

/* Writing: lines are put together, then written at once. */

static bool put_line(text_buffer *out, uint64_t *hash, const char *line, size_t bytes) {
  char seal[24];
  *hash = mix64_bytes(*hash, line, bytes);
  snprintf(seal, sizeof seal, "\t%016" PRIx64 "\n", *hash);
  return text_buffer_append(out, line, bytes) && text_buffer_append(out, seal, strlen(seal));
}

static bool put_description(text_buffer *out, uint64_t *hash, const text_buffer *lines) {
  *hash = 0;
  if (!text_buffer_append(out, VERSION_LINE, strlen(VERSION_LINE))) return false;
  for (size_t at = 0, bytes; at < lines->used; at += bytes + 1) {
    bytes = (size_t)((const char *)memchr(lines->data + at, '\n', lines->used - at) - (lines->data + at));
    if (!put_line(out, hash, lines->data + at, bytes)) return false;
  }
  return true;
}

static bool put_shard(text_buffer *out, uint64_t *hash, const run_mark *mark, const shard_sizes *sizes) {
  uint64_t numbers[NUMBERS];
  char line[LINE] = SHARD;
  give_numbers(mark, numbers);
  memcpy(numbers + MARKS, sizes->bytes, sizeof sizes->bytes);
  size_t used = strlen(line);
  for (size_t i = 0; i < NUMBERS; i++)
    used += (size_t)snprintf(line + used, sizeof line - used, "%s%" PRIu64, i ? " " : "", numbers[i]);
  return put_line(out, hash, line, used);
}

static bool write_and_flush(const run_record *record, const text_buffer *out) {
  const char *path = record->place->names->path;
  return file_write_all(record->fd, path, out->data, out->used) &&
         (UNINTERRUPTED(fsync(record->fd)) == 0 ||
          staging_hidden_fail(record->place, "fsync of a file in it"));
}

/* Whole, or not at all. */
static bool create(run_record *record, const text_buffer *out) {
  int hidden = record->place->hidden;
  record->fd = UNINTERRUPTED(openat(hidden, STAGING_RECORD_NEW,
                                    O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (record->fd < 0) return staging_hidden_fail(record->place, "create a file in it");
  if (!write_and_flush(record, out)) return false;
  if (renameat(hidden, STAGING_RECORD_NEW, hidden, STAGING_RECORD) != 0)
    return staging_hidden_fail(record->place, "rename a file in it");
  return file_sync_directory(hidden, record->place->names->path);
}

/* Behind what is good. */
static bool append(run_record *record, const text_buffer *out) {
  return (UNINTERRUPTED(ftruncate(record->fd, (off_t)record->bytes)) == 0 ||
          staging_hidden_fail(record->place, "cut a file in it")) &&
         write_and_flush(record, out);
}

bool run_record_add(run_record *record, const run_mark *mark) {
  shard_sizes sizes;
  text_buffer out = {0};
  bool first = record->fd < 0;
  uint64_t hash = record->hash;
  bool good = shard_sizes_read(record->place, mark->shards, &sizes) &&
              (!first || put_description(&out, &hash, &record->lines)) &&
              put_shard(&out, &hash, mark, &sizes) && (first ? create(record, &out) : append(record, &out));
  if (good) {
    record->bytes += out.used;
    record->hash = hash;
    record->mark = *mark;
  }
  text_buffer_free(&out);
  return good;
}

/* Reading. */

/* A line without its seal. */
typedef struct sealed_line {
  const char *text;
  size_t bytes, with_seal;
  uint64_t hash;
} sealed_line;

/* The line at byte `at`; false when it has no end, no tab, or not the seal that is due behind `hash`. */
static bool read_line(const text_buffer *file, size_t at, uint64_t hash, sealed_line *l) {
  char seal[24];
  const char *end = memchr(file->data + at, '\n', file->used - at);
  l->text = file->data + at;
  l->with_seal = end ? (size_t)(end + 1 - l->text) : 0;
  size_t length = (size_t)snprintf(seal, sizeof seal, "\t%016" PRIx64 "\n", (uint64_t)0);
  if (l->with_seal <= length) return false;
  l->bytes = l->with_seal - length;
  l->hash = mix64_bytes(hash, l->text, l->bytes);
  snprintf(seal, sizeof seal, "\t%016" PRIx64 "\n", l->hash);
  return memchr(l->text, '\t', l->bytes) && memcmp(l->text + l->bytes, seal, length) == 0;
}

/* Whether nothing stands there but one line, or less. */
static bool is_tail(const text_buffer *file, size_t at) {
  return !memchr(file->data + at, '\n', file->used - at - 1);
}

static bool damaged(const run_record *record, uint64_t at) {
  return error_fail(
      BATCH_ERROR_FORMAT,
      "%.500s: at byte %" PRIu64 " of %.250s/" STAGING_RECORD ": found what is no record of an "
      "unfinished run, or a damaged one, expected a whole one (to begin anew: options.overwrite, --force)",
      record->place->names->path, at, record->place->hidden_name);
}

/* A number and the blank before it. */
static bool take_number(const char **at, const char *end, uint64_t *number) {
  const char *start = *at;
  *number = 0;
  for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
    if (__builtin_mul_overflow(*number, UINT64_C(10), number) ||
        __builtin_add_overflow(*number, (uint64_t)(**at - '0'), number))
      return false;
  return *at > start;
}

static bool take_numbers(const sealed_line *l, uint64_t *numbers) {
  const char *at = l->text + strlen(SHARD), *end = l->text + l->bytes;
  for (size_t i = 0; i < NUMBERS; i++) {
    if (i > 0 && (at == end || *at++ != ' ')) return false;
    if (!take_number(&at, end, &numbers[i])) return false;
  }
  return at == end;
}

/* *there: its files are. */
static bool take_shard(run_record *record, const sealed_line *l, size_t at, bool last_line, bool *there) {
  uint64_t numbers[NUMBERS];
  shard_sizes sizes;
  if (!take_numbers(l, numbers)) return damaged(record, at);
  run_mark mark = mark_of(numbers), *before = &record->mark;
  memcpy(sizes.bytes, numbers + MARKS, sizeof sizes.bytes);
  if (mark.shards != before->shards + 1 || mark.tokens < before->tokens ||
      mark.documents < before->documents || mark.masked < before->masked || before->last)
    return damaged(record, at);
  if (!shard_sizes_check(record->place, mark.shards, &sizes, there)) return false;
  if (*there) *before = mark;
  return *there || last_line || shard_sizes_missing(record->place, mark.shards, &sizes);
}

static bool is_shard(const sealed_line *l) {
  return l->bytes > strlen(SHARD) && memcmp(l->text, SHARD, strlen(SHARD)) == 0;
}

static bool parse(run_record *record, const text_buffer *file) {
  size_t at = strlen(VERSION_LINE);
  bool there = true;
  for (sealed_line l; there && at < file->used; at += l.with_seal) {
    if (!read_line(file, at, record->hash, &l))
      return (record->mark.shards > 0 && is_tail(file, at)) || damaged(record, at);
    if (is_shard(&l)) {
      if (!take_shard(record, &l, at, at + l.with_seal == file->used, &there)) return false;
    } else if (record->mark.shards > 0 || !text_buffer_append(&record->lines, l.text, l.bytes) ||
               !text_buffer_append(&record->lines, "\n", 1)) {
      return record->mark.shards > 0 ? damaged(record, at) : false;
    }
    if (!there) break;
    record->hash = l.hash;
    record->bytes = at + l.with_seal;
  }
  return true;
}

static bool check_version(const run_record *record, const text_buffer *file) {
  size_t kind = strlen(KIND_LINE), version = strlen(VERSION_LINE);
  if (file->used >= version && memcmp(file->data, VERSION_LINE, version) == 0) return true;
  if (file->used < version || memcmp(file->data, KIND_LINE, kind) != 0) return damaged(record, 0);
  return error_fail(
      BATCH_ERROR_UNSUPPORTED,
      "%.700s: its unfinished run is of another version of libheadrace, expected one of this (to begin "
      "anew: options.overwrite, --force)",
      record->place->names->path);
}

static bool read_file(const run_record *record, text_buffer *file) {
  struct stat status;
  if (fstat(record->fd, &status) != 0) return staging_hidden_fail(record->place, "stat of a file in it");
  if (!S_ISREG(status.st_mode)) return damaged(record, 0);
  file->used = 0;
  if (!text_buffer_reserve(file, (size_t)status.st_size + 1) ||
      !file_read_at(record->fd, record->place->names->path, 0, file->data, (size_t)status.st_size))
    return false;
  file->used = (size_t)status.st_size;
  return true;
}

bool run_record_read(run_record *record, const staging *place) {
  text_buffer file = {0};
  *record = RUN_RECORD_NONE;
  record->place = place;
  record->fd = UNINTERRUPTED(
      openat(place->hidden, STAGING_RECORD, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (record->fd < 0) return errno == ENOENT || staging_hidden_fail(place, "open a file in it");
  bool good = read_file(record, &file) && check_version(record, &file) && parse(record, &file);
  text_buffer_free(&file);
  if (!good || record->mark.shards == 0) run_record_close(record);
  return good;
}

void run_record_close(run_record *record) {
  if (record->fd >= 0) close(record->fd);
  text_buffer_free(&record->lines);
  *record = (run_record){.place = record->place, .fd = -1};
}
