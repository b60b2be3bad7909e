#include "support/states.h"

#include "base/mix.h"

uint64_t check_of_state(const batch_loader_state *s) {
  const uint64_t fields[] = {
      s->magic, s->data, s->seed, s->sequence_length, s->packing,    s->shuffle,  s->order,
      s->epoch, s->step, s->row,  s->window,          s->window_row, s->reserved, s->num_skips};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) sum = mix64_with(sum, fields[i]);
  for (uint32_t i = 0; i < s->num_skips; i++)
    sum = mix64_with(mix64_with(mix64_with(sum, s->skips[i].epoch), s->skips[i].first), s->skips[i].count);
  return sum;
}
