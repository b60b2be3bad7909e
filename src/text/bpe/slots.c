#include "text/bpe/slots.h"

#include <stdlib.h>

/* At most 4 of 5 slots are taken. */
bool slots_init(slots *s, uint32_t numbers) {
  size_t places = 16;
  unsigned bits = 1;
  while (places / 5 * 4 < numbers) places *= 2;
  while (numbers >> bits) bits++;
  *s = (slots){calloc(places, sizeof *s->table), places - 1, bits};
  return s->table;
}

void slots_free(slots *s) {
  free(s->table);
}

void slots_put(slots *s, uint64_t hash, uint32_t number) {
  size_t at = (size_t)hash & s->mask;
  while (s->table[at]) at = (at + 1) & s->mask;
  s->table[at] = slot_tag(s, hash) | (number + 1);
}

void slots_change(slots *s, uint64_t hash, uint32_t old, uint32_t number) {
  size_t at = (size_t)hash & s->mask;
  while (slot_number(s, s->table[at]) != old) at = (at + 1) & s->mask;
  s->table[at] = slot_tag(s, hash) | (number + 1);
}
