/* What keys and hashes are mixed by. */
#include <criterion/criterion.h>

#include "base/mix.h"

/* Computed by numbers of any length. */
Test(mix, a_product_is_folded_with_all_of_its_carries) {
  static const struct {
    uint64_t a, b, folded;
  } products[] = {
      {UINT64_MAX, UINT64_MAX, UINT64_MAX},
      {UINT64_C(0x123456789abcdef0), UINT64_C(0xfedcba9876543210), UINT64_C(0x317228f48165bb22)},
      {UINT64_MAX, 1, UINT64_MAX},
      {UINT64_C(1) << 32, UINT64_C(1) << 32, 1},
      {UINT32_MAX, (UINT64_C(1) << 32) + 1, UINT64_MAX},
  };
  for (size_t i = 0; i < sizeof products / sizeof *products; i++) {
    cr_assert_eq(mix64_product(products[i].a, products[i].b), products[i].folded, "product %zu", i);
    cr_assert_eq(mix64_product_of_halves(products[i].a, products[i].b), products[i].folded, "product %zu", i);
  }
}

Test(mix, products_are_the_same_with_and_without_numbers_of_128_bits) {
  uint64_t state = 1;
  for (int i = 0; i < 100000; i++) {
    uint64_t a = mix64_next(&state), b = mix64_next(&state) >> i % 64;
    cr_assert_eq(mix64_product(a, b), mix64_product_of_halves(a, b));
  }
}
