#include "check/range_max.h"

#include <stdlib.h>
#include <string.h>

void range_max_clear(range_max *r) {
  r->size = 0;
}

void range_max_free(range_max *r) {
  free(r->instant);
  free(r->tree);
  free(r->value);
}

static void *grown(void *memory, size_t bytes) {
  void *more = realloc(memory, bytes);
  if (!more) abort();
  return more;
}

void range_max_append(range_max *r, uint64_t instant, uint32_t value) {
  if (r->size == r->room) {
    r->room = r->room * 2 + 64;
    r->instant = grown(r->instant, r->room * sizeof *r->instant);
    r->value = grown(r->value, r->room * sizeof *r->value);
    r->tree = grown(r->tree, r->room * 2 * sizeof *r->tree);
  }
  r->instant[r->size] = instant;
  r->value[r->size++] = value;
}

static uint32_t larger(uint32_t a, uint32_t b) {
  return a > b ? a : b;
}

void range_max_finish(range_max *r) {
  if (r->size == 0) return;
  memcpy(r->tree + r->size, r->value, r->size * sizeof *r->value);
  for (size_t i = r->size - 1; i > 0; i--) r->tree[i] = larger(r->tree[2 * i], r->tree[2 * i + 1]);
}

/* How many instants are not after this one. */
static size_t up_to(const range_max *r, uint64_t instant) {
  size_t low = 0, high = r->size;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (r->instant[middle] <= instant)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

uint32_t range_max_of(const range_max *r, uint64_t first, uint64_t last) {
  size_t begin = up_to(r, first), end = up_to(r, last);
  uint32_t most = 0;
  if (begin > 0) begin--; /* the value that holds at `first` */
  for (begin += r->size, end += r->size; begin < end; begin /= 2, end /= 2) {
    if (begin & 1) most = larger(most, r->tree[begin++]);
    if (end & 1) most = larger(most, r->tree[--end]);
  }
  return most;
}
