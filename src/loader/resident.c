#include "loader/resident.h"

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
  LOOK_EVERY = 8,        /* batches: the look is a system call */
  ASK_FOR = 64,          /* batches, after a wait was seen */
  FAULT_AROUND = 1 << 16 /* the kernel maps in so much around a page that it has */
};

#define DEFAULT_LIMIT ((uint64_t)1 << 30)

static uint64_t mapped_bytes(const recipe *r) {
  uint64_t sum = 0;
  for (size_t i = 0; i < r->plan.count; i++)
    for (size_t k = 0; k < r->plan.sources[i].data->count; k++) {
      const token_file *file = &r->plan.sources[i].data->files[k];
      if (file->borrowed) continue;
      sum += (file->map ? file->map_bytes : 0) + (file->loss.map ? file->loss.map_bytes : 0);
    }
  return sum;
}

void resident_init(resident *r, const recipe *of, uint64_t limit) {
  r->recipe = of;
  r->limit = limit ? limit : DEFAULT_LIMIT;
  if (mapped_bytes(of) <= r->limit) r->limit = 0;
  atomic_init(&r->mapped, 0);
}

/* The pages stay in the system's cache; who still reads one maps it in again. The caller's memory may be of no file:
   what was in it would be gone. */
static void let_go_of(const uint8_t *map, size_t bytes) {
  if (map) madvise((void *)(uintptr_t)map, bytes, MADV_DONTNEED);
}

static void let_go(const recipe *r) {
  for (size_t i = 0; i < r->plan.count; i++)
    for (size_t k = 0; k < r->plan.sources[i].data->count; k++) {
      const token_file *file = &r->plan.sources[i].data->files[k];
      if (file->borrowed) continue;
      let_go_of(file->map, file->map_bytes);
      let_go_of(file->loss.map, file->loss.map_bytes);
    }
}

/* relaxed: the counter stands for itself; the exchange elects who lets go. */
static void count_mapped(resident *r, const filler *f) {
  uint64_t around =
      r->recipe->plan.shuffle == BATCH_SHUFFLE_NONE ? 0 : 2 * (uint64_t)FAULT_AROUND * f->pieces;
  uint64_t more = f->bytes + around,
           sum = atomic_fetch_add_explicit(&r->mapped, more, memory_order_relaxed) + more;
  if (sum > r->limit && atomic_exchange_explicit(&r->mapped, 0, memory_order_relaxed) > r->limit)
    let_go(r->recipe);
}

static void ask_for_tokens(const token_file *file, uint64_t index, uint64_t count, uintptr_t page) {
  uint64_t first = index * file->width + file->data_offset, start = first & ~(uint64_t)(page - 1);
  madvise((void *)(uintptr_t)(file->map + start), first - start + count * file->width, MADV_WILLNEED);
}

static void ask_for_piece(const token_files *data, const pack_piece *piece, uintptr_t page) {
  uint64_t token = piece->token, left = piece->pairs > 0 ? (uint64_t)piece->pairs + 1 : 0;
  for (const token_part *part = token_files_find(data, token); left > 0; part++) {
    uint64_t here = part->first_token + part->tokens - token, count = left < here ? left : here;
    if (part->file->map && !part->file->borrowed)
      ask_for_tokens(part->file, token_part_index(part, token), count, page);
    token += count;
    left -= count;
  }
}

static void ask_for_row(const filler *f, const plan_row *row, uintptr_t page) {
  const plan *p = &f->recipe->plan;
  for (uint32_t i = 0; i < plan_pieces(row); i++) {
    uint32_t source;
    pack_piece piece = plan_piece(p, row, i, &source);
    ask_for_piece(p->sources[source].data, &piece, page);
  }
}

void resident_ask(filler *f, const order_place *at) {
  const recipe *r = f->recipe;
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
  if (r->plan.packing == BATCH_PACK_DOCUMENTS) return; /* its boundaries would have to be read, guarded */
  for (uint32_t row = 0; row < r->shape.batch_size; row++) {
    uint64_t place;
    uint32_t there;
    plan_row found;
    if (!order_places(&r->order, f->later.stop, at, r->rank_row + row, 1, &place, &there) || there == 0 ||
        plan_locate_each(&f->later, at->epoch, &at->at, &place, 1, &found) == 0)
      return;
    ask_for_row(f, &found, page);
  }
}

bool resident_after(resident *r, resident_worker *w, const filler *f) {
  if (r->limit) count_mapped(r, f);
  if (++w->since >= LOOK_EVERY) {
    struct rusage usage;
    w->since = 0;
    if (getrusage(RUSAGE_THREAD, &usage) == 0 && usage.ru_majflt > w->waits) {
      w->waits = usage.ru_majflt;
      w->ask_ahead = ASK_FOR;
    }
  }
  if (w->ask_ahead == 0) return false;
  w->ask_ahead--;
  return true;
}
