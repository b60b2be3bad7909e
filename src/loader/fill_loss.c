/* From loss masks to the mask of a row: what a file says of a token says whether the position counts whose target it
   is. */
#include "loader/fill.h"
#include "loader/row.h"

/* Whether all is zero from a byte of a mapping to its end, or the end of a page. volatile: as it is now. */
static bool zeros_from(const volatile uint8_t *byte, const uint8_t *end) {
  enum { PAGE = 4096 /* at least */ };
  size_t page = PAGE - (uintptr_t)byte % PAGE, left = (size_t)(end - byte), count = page < left ? page : left;
  for (size_t i = 0; i < count; i++)
    if (byte[i]) return false;
  return true;
}

/* As of tokens: where a file now ends inside a page it reads as zeros, which say that nothing is to be learnt. */
static void check_end(filler *f, uint32_t source_number, const token_file *file, const uint8_t *last) {
  const token_loss *loss = &file->loss;
  if (loss->fd < 0 || !zeros_from(last, loss->map + loss->map_bytes)) return;
  filler_doubt(f, recipe_loss(f->recipe, source_number, file), (uint64_t)(last - loss->map) + 1);
}

/* The mask of `count` columns, of which token `first` of the file is the first target. */
static void put_loss(filler *f, uint32_t source_number, const token_file *file, uint64_t first,
                     uint32_t count, uint32_t row, uint32_t column) {
  const Tensor *mask = &f->batch->mask;
  const uint8_t *entries = file->loss.entries, *last;
  switch (file->loss.kind) {
  case TOKEN_LOSS_NONE:
    row_put(mask, row, column, count, 1);
    return;
  case TOKEN_LOSS_BYTES:
    row_put_bytes(mask, row, column, count, entries + first);
    last = entries + first + count - 1;
    f->bytes += count;
    break;
  default:
    row_put_bits(mask, row, column, count, entries + first / 8, (unsigned)(first % 8));
    last = entries + (first + count - 1) / 8;
    f->bytes += (uint64_t)(last - (entries + first / 8)) + 1;
  }
  check_end(f, source_number, file, last);
}

void filler_put_mask(filler *f, uint32_t source_number, const pack_piece *piece, uint32_t row,
                     uint32_t column) {
  const token_files *data = f->recipe->plan.sources[source_number].data;
  uint64_t target = piece->token + 1;
  const token_part *part = token_files_find(data, target);
  for (uint32_t done = 0, here; done < piece->pairs; done += here, part++) {
    uint64_t first = token_part_index(part, target + done), left = part->skipped + part->tokens - first;
    here = piece->pairs - done < left ? piece->pairs - done : (uint32_t)left;
    if (here > 0) put_loss(f, source_number, part->file, first, here, row, column + done);
  }
}
