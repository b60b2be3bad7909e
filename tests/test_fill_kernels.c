/* The loops that widen tokens: with and without wide vectors they write the same, and find every wrong id. */
#include "loader/fill_kernels.h"

#include <criterion/criterion.h>
#include <string.h>

#include "support/watchdog.h"

TestSuite(fill_kernels, .init = watchdog_on);

static const tensor_type elements[] = {TENSOR_FLOAT32, TENSOR_INT32, TENSOR_INT64, TENSOR_UINT16};

enum { MOST = 150, MOST_BYTES = (MOST + 1) * 8, ROOM = MOST * 8 + 64 };

static void put_token(uint8_t *tokens, batch_token_type type, size_t at, int64_t id) {
  size_t width = batch_token_type_size(type);
  memcpy(tokens + at * width, &id, width); /* x86-64 and aarch64: the low bytes come first */
}

static bool is_signed(batch_token_type type) {
  return type == BATCH_TOKEN_I8 || type == BATCH_TOKEN_I16 || type == BATCH_TOKEN_I32 ||
         type == BATCH_TOKEN_I64;
}

static int64_t largest_of(batch_token_type type) {
  return (int64_t)(UINT64_MAX >> (64 - batch_token_type_size(type) * 8 + is_signed(type)));
}

static int64_t element_at(tensor_type type, const uint8_t *row, size_t i) {
  float real;
  int32_t int32;
  int64_t int64;
  uint16_t uint16;
  switch (type) {
  case TENSOR_FLOAT32:
    memcpy(&real, row + i * sizeof real, sizeof real);
    return (int64_t)real;
  case TENSOR_INT32:
    memcpy(&int32, row + i * sizeof int32, sizeof int32);
    return int32;
  case TENSOR_INT64:
    memcpy(&int64, row + i * sizeof int64, sizeof int64);
    return int64;
  default:
    memcpy(&uint16, row + i * sizeof uint16, sizeof uint16);
    return uint16;
  }
}

typedef struct call {
  batch_token_type from;
  tensor_type to;
  bool wide;
} call;

static int64_t id_at(size_t i) {
  return (int64_t)(i * 37 % 100);
}

/* Every length, from every address: what is written, and nothing behind it. */
static void check_copies(const call *c) {
  static uint8_t tokens[MOST_BYTES + 8], input[ROOM], target[ROOM];
  fill_kernel *fill = fill_kernel_for(c->from, c->to, c->wide);
  for (size_t pairs = 0; pairs <= MOST; pairs++) {
    uint8_t *from = tokens + pairs % 8;
    size_t end = pairs * tensor_type_size(c->to);
    for (size_t i = 0; i <= pairs; i++) put_token(from, c->from, i, id_at(i));
    memset(input, 0xAA, sizeof input);
    memset(target, 0xAA, sizeof target);
    cr_assert(fill(from, pairs, 99, input, target));
    for (size_t i = 0; i < pairs; i++) {
      cr_assert_eq(element_at(c->to, input, i), id_at(i), "%d to %d, wide %d: input %zu of %zu", c->from,
                   c->to, c->wide, i, pairs);
      cr_assert_eq(element_at(c->to, target, i), id_at(i + 1), "%d to %d, wide %d: target %zu of %zu",
                   c->from, c->to, c->wide, i, pairs);
    }
    for (size_t i = end; i < ROOM; i++) cr_assert(input[i] == 0xAA && target[i] == 0xAA);
  }
}

/* One wrong id, at every place. */
static void check_wrong(const call *c, uint32_t limit, int64_t wrong) {
  static uint8_t tokens[MOST_BYTES], input[ROOM], target[ROOM];
  fill_kernel *fill = fill_kernel_for(c->from, c->to, c->wide);
  for (size_t i = 0; i <= MOST; i++) put_token(tokens, c->from, i, (int64_t)(i % 2 ? limit : 0));
  cr_assert(fill(tokens, MOST, limit, input, target), "%d to %d, wide %d: the limit %u is refused", c->from,
            c->to, c->wide, limit);
  for (size_t at = 0; at <= MOST; at++) {
    put_token(tokens, c->from, at, wrong);
    cr_assert_not(fill(tokens, MOST, limit, input, target),
                  "%d to %d, wide %d: %lld at %zu passes with limit %u", c->from, c->to, c->wide,
                  (long long)wrong, at, limit);
    put_token(tokens, c->from, at, 0);
  }
}

static void check_limits(const call *c) {
  int64_t largest = largest_of(c->from);
  for (int64_t limit = 1; limit < largest && limit <= INT32_MAX; limit = limit * 2 + 1) {
    check_wrong(c, (uint32_t)limit, limit + 1);
    check_wrong(c, (uint32_t)limit, largest);
    if (is_signed(c->from)) check_wrong(c, (uint32_t)limit, -1);
    if (is_signed(c->from)) check_wrong(c, (uint32_t)limit, -largest - 1);
  }
}

static void for_every_kernel(void check(const call *)) {
  for (batch_token_type from = BATCH_TOKEN_U8; from <= BATCH_TOKEN_I64; from++)
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
      for (int wide = 0; wide <= fill_kernels_wide(); wide++) check(&(call){from, elements[i], wide});
}

Test(fill_kernels, write_each_token_twice_and_nothing_else) {
  for_every_kernel(check_copies);
}

Test(fill_kernels, find_a_wrong_id_at_every_place) {
  for_every_kernel(check_limits);
}

Test(fill_kernels, there_is_none_to_other_types) {
  for (int wide = 0; wide <= fill_kernels_wide(); wide++) {
    cr_assert_null(fill_kernel_for(BATCH_TOKEN_U16, TENSOR_FLOAT64, wide));
    cr_assert_null(fill_kernel_for(BATCH_TOKEN_U16, TENSOR_UINT8, wide));
  }
}
