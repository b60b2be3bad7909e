/* The control of proof_suspension: Dmitry Vyukov's bounded multi-producer multi-consumer queue (2010).
   A cell's turn says whose it is: position p may fill it at turn p and empty it at turn p + 1. The
   capacity is rounded up to a power of two >= 2. */
#include "schedule/port_scheduled.h"

#include <stddef.h>

#include "schedule/subject.h"

typedef struct cell {
  _Atomic uint64_t turn;
  uint32_t item;
} cell;

static cell cells[SUBJECT_ITEMS];
static uint64_t mask;
static _Atomic uint64_t tail, head;

static void create(uint32_t capacity) {
  for (mask = 1; mask + 1 < capacity;) mask = mask * 2 + 1;
  for (uint64_t i = 0; i <= mask; i++) atomic_store_explicit(&cells[i].turn, i, memory_order_relaxed);
  atomic_store_explicit(&tail, 0, memory_order_relaxed);
  atomic_store_explicit(&head, 0, memory_order_relaxed);
}

static void destroy(void) {}

/* Claims the next position of `index` whose cell has reached turn position + ahead; NULL: not there. */
static cell *claim(_Atomic uint64_t *index, uint64_t ahead, uint64_t *position) {
  *position = atomic_load_explicit(index, memory_order_relaxed);
  for (;;) {
    cell *c = &cells[*position & mask];
    int64_t early = (int64_t)(atomic_load_explicit(&c->turn, memory_order_acquire) - (*position + ahead));
    if (early < 0) return NULL;
    if (early > 0)
      *position = atomic_load_explicit(index, memory_order_relaxed);
    else if (atomic_compare_exchange_weak_explicit(index, position, *position + 1, memory_order_relaxed,
                                                   memory_order_relaxed))
      return c;
  }
}

static answer put(uint32_t item, uint64_t deadline) {
  (void)deadline;
  uint64_t position;
  cell *c = claim(&tail, 0, &position);
  if (!c) return ANSWER_FULL;
  c->item = item;
  atomic_store_explicit(&c->turn, position + 1, memory_order_release);
  return ANSWER_DONE;
}

static answer take(uint32_t *item, uint64_t deadline) {
  (void)deadline;
  uint64_t position;
  cell *c = claim(&head, 1, &position);
  if (!c) return ANSWER_EMPTY;
  *item = c->item;
  atomic_store_explicit(&c->turn, position + mask + 1, memory_order_release);
  return ANSWER_DONE;
}

static bool item_is_sound(uint32_t item) {
  return item < SUBJECT_ITEMS;
}

const subject subject_vyukov = {.name = "Vyukov's queue",
                                .bounded = true,
                                .create = create,
                                .destroy = destroy,
                                .put = put,
                                .take = take,
                                .item_is_sound = item_is_sound};
