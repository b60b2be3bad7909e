#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "dataset/token_type.h"
#include "loader/fill.h"
#include "loader/fill_kernels.h"
#include "loader/row.h"

enum { CACHE_LINE = 64, PART = 256 /* tokens */ };

/* Whether the byte and what follows it, eight bytes at most and of its cache line, is all zero. volatile: as it is now, not
   when the tokens before were read. */
static bool zeros_from(const volatile uint8_t *byte) {
  size_t line = CACHE_LINE - (uintptr_t)byte % CACHE_LINE, count = line < 8 ? line : 8;
  uint8_t any = 0;
  for (size_t i = 0; i < count; i++) any |= byte[i];
  return any == 0;
}

void filler_doubt(filler *f, size_t number, uint64_t end) {
  if (f->doubtful_end[number] == 0) f->doubtful[f->num_doubtful++] = number;
  if (f->doubtful_end[number] < end) f->doubtful_end[number] = end;
}

/* After tokens [first, first + count) of a mapped file have been read. Where a file now ends inside a page the rest of
   that page reads as zeros, without any signal; pages behind it raise one. So if anything from the tokens' last byte to
   the end of its page is not 0, the file ends behind them. Otherwise they are in doubt: its size is asked for. */
static void check_end(filler *f, uint32_t source_number, const token_file *file, uint64_t first,
                      size_t count) {
  uint64_t end = file->data_offset + (first + count) * file->width;
  if (!file->map || file->borrowed || !zeros_from(file->map + end - 1)) return;
  filler_doubt(f, recipe_file(f->recipe, source_number, file), end);
}

/* Tokens [first, first + count) of a file, as they are stored: in the mapping, or read into f->raw. */
static const void *stored_tokens(filler *f, const token_file *file, uint64_t first, size_t count) {
  f->bytes += count * file->width;
  f->pieces++;
  if (file->map) return file->map + file->data_offset + first * file->width;
  if (token_file_read_raw(file, first, count, f->raw)) return f->raw;
  const batch_error *why = batch_last_error();
  filler_fault(f, why->code, "%s", why->message);
  return NULL;
}

/* As stored_tokens, across parts, widened into f->ids. */
static const void *gathered_tokens(filler *f, uint32_t source_number, uint64_t start, size_t count) {
  const token_files *data = f->recipe->plan.sources[source_number].data;
  const token_part *part = token_files_find(data, start);
  for (size_t done = 0, here; done < count; done += here, part++) {
    uint64_t first = token_part_index(part, start + done), left = part->skipped + part->tokens - first;
    here = count - done < left ? count - done : (size_t)left;
    if (here == 0) continue;
    const void *stored = stored_tokens(f, part->file, first, here);
    if (!stored) return NULL;
    token_widen(part->file->type, stored, here, f->ids + done);
    check_end(f, source_number, part->file, first, here);
  }
  return f->ids;
}

/* Finds the first wrong id of `count` tokens from `start` on, and reports it with its place. */
static void report_id(filler *f, const token_files *data, uint64_t start, const void *tokens,
                      batch_token_type type, size_t count) {
  char place[96];
  size_t at = 0;
  int64_t id = 0;
  for (; at < count; at++) {
    token_widen(type, (const uint8_t *)tokens + at * batch_token_type_size(type), 1, &id);
    if (id < 0 || id > f->recipe->limit) break;
  }
  if (at == count) {
    filler_fault(f, BATCH_ERROR_IO, "%.700s: its tokens changed while they were read",
                 token_files_find(data, start)->file->path);
    return;
  }
  const token_part *part = token_files_find(data, start + at);
  filler_fault(f, BATCH_ERROR_OUT_OF_RANGE, "%.700s: %s: id %" PRId64 ", expected 0 to %" PRIu32,
               part->file->path, token_file_place(part->file, token_part_index(part, start + at), place), id,
               f->recipe->limit);
}

static void prefetch(filler_ahead *ahead, size_t bytes) {
  if (bytes > ahead->bytes) bytes = ahead->bytes;
  if (bytes == 0) return; /* ahead->at may be NULL */
  for (size_t i = 0; i < bytes; i += CACHE_LINE) __builtin_prefetch(ahead->at + i);
  ahead->at += bytes;
  ahead->bytes -= bytes;
}

/* Fills a row's columns in parts between which the next row is asked for. */
static bool fill_parts(filler *f, const void *tokens, batch_token_type type, uint32_t pairs, uint32_t row,
                       uint32_t column) {
  tensor_type element = f->batch->input.dtype;
  fill_kernel *fill = fill_kernel_for(type, element, f->wide);
  size_t width = batch_token_type_size(type), size = tensor_type_size(element);
  const uint8_t *from = tokens;
  uint8_t *input = row_at(&f->batch->input, row, column), *target = row_at(&f->batch->target, row, column);
  bool right = true;
  for (uint32_t done = 0, part; done < pairs; done += part) {
    part = pairs - done < PART ? pairs - done : PART;
    prefetch(&f->ahead, part * width);
    if (f->recipe->masks) prefetch(&f->ahead_loss, part);
    right &= fill(from + done * width, part, f->recipe->limit, input + done * size, target + done * size);
  }
  prefetch(&f->ahead, width); /* the last target */
  return right;
}

void filler_fill_piece(filler *f, uint32_t source_number, const pack_piece *piece, uint32_t row,
                       uint32_t column) {
  const token_files *data = f->recipe->plan.sources[source_number].data;
  const token_part *part = token_files_find(data, piece->token);
  const token_file *file = part->file;
  uint64_t first = token_part_index(part, piece->token);
  size_t count = (size_t)piece->pairs + 1;
  bool whole = first + count <= part->skipped + part->tokens;
  batch_token_type type = whole ? file->type : BATCH_TOKEN_I64;
  const void *tokens =
      whole ? stored_tokens(f, file, first, count) : gathered_tokens(f, source_number, piece->token, count);
  if (!tokens) return;
  if (!fill_parts(f, tokens, type, piece->pairs, row, column))
    report_id(f, data, piece->token, tokens, type, count);
  if (whole) check_end(f, source_number, file, first, count);
}

/* The entries of the targets. */
static filler_ahead loss_of(const token_loss *loss, uint64_t first, uint32_t count) {
  if (loss->kind == TOKEN_LOSS_BYTES) return (filler_ahead){loss->entries + first, count};
  if (loss->kind == TOKEN_LOSS_BITS) return (filler_ahead){loss->entries + first / 8, count / 8 + 1};
  return (filler_ahead){NULL, 0};
}

void filler_look_ahead(filler *f, uint32_t source_number, const pack_piece *piece) {
  const token_part *part = token_files_find(f->recipe->plan.sources[source_number].data, piece->token);
  const token_file *file = part->file;
  uint64_t first = token_part_index(part, piece->token);
  if (f->recipe->masks) f->ahead_loss = loss_of(&file->loss, first + 1, piece->pairs);
  f->ahead.bytes = 0;
  if (!file->map) return;
  f->ahead = (filler_ahead){file->map + file->data_offset + first * file->width,
                            ((size_t)piece->pairs + 1) * file->width};
}

/* The file with this number among those of all sources. */
static const token_file *numbered_file(const recipe *r, size_t number) {
  size_t i = 0;
  while (number >= r->plan.sources[i].data->count) number -= r->plan.sources[i++].data->count;
  return &r->plan.sources[i].data->files[number];
}

/* Whether a file still has its bytes up to `end`; mask: "", or what tells a loss mask from its tokens. */
static void check_size(filler *f, int fd, const char *path, const char *mask, uint64_t end) {
  struct stat now;
  if (fstat(fd, &now) != 0)
    filler_fault(f, BATCH_ERROR_IO, "%.700s%s: its size cannot be read: %s", path, mask, strerror(errno));
  else if ((uint64_t)now.st_size < end)
    filler_fault(f, BATCH_ERROR_IO, "%.700s%s: at byte %jd: the file ends here, expected %" PRIu64 " bytes",
                 path, mask, (intmax_t)now.st_size, end);
}

void filler_check_sizes(filler *f) {
  for (size_t i = 0; i < f->num_doubtful; i++) {
    size_t number = f->doubtful[i], files = f->recipe->files;
    const token_file *file = numbered_file(f->recipe, number % files);
    const token_loss *loss = &file->loss;
    if (number < files)
      check_size(f, file->fd, file->path, "", f->doubtful_end[number]);
    else
      check_size(f, loss->fd, loss->path ? loss->path : file->path, loss->path ? "" : " (its loss mask)",
                 f->doubtful_end[number]);
  }
}
