/* UTF-8: what is passed over at once is what is well-formed character by character. */
#include <string.h>

#include "base/utf8.h"
#include "support/check.h"

static size_t step_by_step(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  for (utf8_step step; i < bytes && (step = utf8_next(text + i, bytes - i)).valid;) i += step.bytes;
  return i;
}

/* Every two first bytes from B0 00 on, with every kind of third and fourth, at each place of a word, and cut off. */
Test(utf8, well_formed_is_what_its_characters_are) {
  static const uint8_t kinds[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F,
                                  0xA0, 0xBF, 0xC0, 0xE0, 0xF0, 0xFF};
  for (uint32_t first = 0xB000; first < 0x10000; first += CHECK_ONE_IN)
    for (size_t k = 0; k < sizeof kinds * sizeof kinds; k++) {
      uint8_t text[16] = "aaaaaaa";
      size_t at = (first + k) % 8, bytes = at + 4 + k % 5;
      text[at] = (uint8_t)(first >> 8);
      text[at + 1] = (uint8_t)first;
      text[at + 2] = kinds[k / sizeof kinds];
      text[at + 3] = kinds[k % sizeof kinds];
      memset(text + at + 4, 'z', 4);
      for (size_t cut = bytes; cut > at; cut--)
        cr_assert_eq(utf8_well_formed(text, cut), step_by_step(text, cut),
                     "%02x %02x %02x %02x at %zu of %zu", text[at], text[at + 1], text[at + 2], text[at + 3],
                     at, cut);
    }
}

Test(utf8, well_formed_passes_long_runs) {
  uint8_t text[4000];
  size_t used = 0;
  for (uint32_t code = 0x700; used + 4 <= sizeof text; code += 0x137) {
    if (code >= 0xD800 && code <= 0xDFFF) continue;
    used += utf8_put(code, (char *)text + used);
  }
  for (size_t cut = 0; cut <= used; cut++)
    cr_assert_eq(utf8_well_formed(text, cut), cut - utf8_cut_off(text, cut), "%zu", cut);
}
