#include "loader/plan/shares.h"

#include <math.h>
#include <stdlib.h>

#define NONE    UINT32_MAX
#define FINE    ((uint64_t)1 << 62) /* `whole` of weights that no small whole numbers stand for */
#define LARGEST 65536               /* `whole` of those that some do */

/* Whether all weights are multiples of sum / whole, as far as numbers of 53 bits can tell. */
static bool divides(shares *s, const double *weights, double sum, uint64_t whole) {
  uint64_t given = 0;
  for (size_t i = 0; i < s->count; i++) {
    double exact = weights[i] / sum * (double)whole, rounded = nearbyint(exact);
    if (rounded < 1 || fabs(exact - rounded) > (double)whole * 0x1p-48) return false;
    given += s->weights[i] = (uint64_t)rounded;
  }
  return given == whole;
}

static uint64_t smallest_whole(shares *s, const double *weights, double sum) {
  for (uint64_t whole = s->count; whole <= LARGEST; whole++)
    if (divides(s, weights, sum, whole)) return whole;
  return 0;
}

/* What rounding leaves over or takes too much is the largest's, whose share it changes least. */
static void take_fine(shares *s, const double *weights, double sum) {
  uint64_t given = 0;
  size_t largest = 0;
  for (size_t i = 0; i < s->count; i++) {
    given += s->weights[i] = (uint64_t)(weights[i] / sum * (double)FINE);
    if (weights[i] > weights[largest]) largest = i;
  }
  s->weights[largest] += FINE - given;
}

static uint64_t smallest_weight(const shares *s) {
  uint64_t smallest = s->weights[0];
  for (size_t i = 1; i < s->count; i++)
    if (s->weights[i] < smallest) smallest = s->weights[i];
  return smallest;
}

bool shares_init(shares *s, const double *weights, size_t count) {
  double sum = 0;
  *s = (shares){.count = count, .weights = calloc(count, sizeof *s->weights)};
  if (!s->weights) return false;
  for (size_t i = 0; i < count; i++) sum += weights[i];
  s->whole = s->period = smallest_whole(s, weights, sum);
  if (s->whole > 0) return true;
  take_fine(s, weights, sum);
  s->whole = FINE;
  s->reach = FINE / smallest_weight(s) + 2;
  s->period = 64;
  while (s->period < s->reach) s->period *= 2;
  return true;
}

void shares_free(shares *s) {
  free(s->weights);
}

static bool repeats(const shares *s) {
  return s->period == s->whole;
}

/* The upper half of a product. */
static uint64_t multiply_high(uint64_t a, uint64_t b) {
  uint64_t low = (a & UINT32_MAX) * (b & UINT32_MAX), left = (a >> 32) * (b & UINT32_MAX),
           right = (a & UINT32_MAX) * (b >> 32), middle = (low >> 32) + (left & UINT32_MAX) + right;
  return (a >> 32) * (b >> 32) + (left >> 32) + (middle >> 32);
}

/* What source i is entitled to at a slot where a period begins: whole rows, and the rest of one. */
static uint64_t rows_at(const shares *s, size_t i, uint64_t slot) {
  return repeats(s) ? slot / s->whole * s->weights[i] : multiply_high(slot, s->weights[i] * 4);
}
static uint64_t rest_at(const shares *s, size_t i, uint64_t slot) {
  return repeats(s) ? 0 : slot * s->weights[i] & (FINE - 1);
}

static bool sooner(const shares_reader *r, uint32_t a, uint32_t b) {
  const shares_lane *x = &r->lanes[a], *y = &r->lanes[b];
  return x->key != y->key ? x->key < y->key : a < b;
}

static void push(shares_reader *r, uint32_t source) {
  size_t at = r->num_ready++;
  for (size_t up; at > 0 && sooner(r, source, r->ready[up = (at - 1) / 2]); at = up)
    r->ready[at] = r->ready[up];
  r->ready[at] = source;
}

static uint32_t pop(shares_reader *r) {
  uint32_t first = r->ready[0], last = r->ready[--r->num_ready];
  size_t at = 0;
  for (size_t down; (down = 2 * at + 1) < r->num_ready; at = down) {
    if (down + 1 < r->num_ready && sooner(r, r->ready[down + 1], r->ready[down])) down++;
    if (!sooner(r, r->ready[down], last)) break;
    r->ready[at] = r->ready[down];
  }
  r->ready[at] = last;
  return first;
}

/* When the next row of source i is due. */
static void find_due(const shares *s, shares_lane *lane, size_t i) {
  lane->due = lane->key = lane->time + (s->whole - lane->rest - 1) / s->weights[i] + 1;
}

static void give(const shares *s, shares_lane *lane, size_t i) {
  lane->rest += (lane->due - lane->time) * s->weights[i] - s->whole;
  lane->time = lane->due;
}

/* Puts a source where it is found when the window of its next row begins, in `slots` slots from now on
   `now`. closed: it must end with the rows that it has where the period ends, no more. */
static void await(shares_reader *r, uint32_t source, uint64_t now, uint64_t slots, bool closed) {
  shares_lane *lane = &r->lanes[source];
  uint64_t begins = lane->time > 0 && lane->rest > 0 ? lane->time - 1 : lane->time;
  find_due(r->shares, lane, source);
  if (closed && lane->due > slots) {
    if (!lane->ahead_after || lane->time > slots) return;
    lane->key = slots;
  }
  if (begins >= slots) return;
  if (begins <= now) {
    push(r, source);
    return;
  }
  lane->next = r->waiting[begins];
  r->waiting[begins] = source;
}

/* Gives `slots` slots away, beginning with the lanes as they are; writes them down if `closed`. */
static void run(shares_reader *r, uint64_t slots, bool closed) {
  r->num_ready = 0;
  for (uint64_t slot = 0; slot < slots; slot++) r->waiting[slot] = NONE;
  for (uint32_t i = 0; i < r->shares->count; i++) await(r, i, 0, slots, closed);
  for (uint64_t slot = 0; slot < slots; slot++) {
    for (uint32_t i = r->waiting[slot]; i != NONE; i = r->lanes[i].next) push(r, i);
    uint32_t first = pop(r);
    shares_lane *lane = &r->lanes[first];
    if (closed) r->slots[slot] = (shares_slot){first, lane->given++};
    give(r->shares, lane, first);
    await(r, first, slot + 1, slots, closed);
  }
}

/* Lanes at a slot of the run where none is ahead. Returns how many must be. */
static uint64_t start_lanes(shares_reader *r, uint64_t slot) {
  const shares *s = r->shares;
  uint64_t rests = 0, rows = 0;
  for (size_t i = 0; i < s->count; i++) {
    shares_lane *lane = &r->lanes[i];
    lane->time = 0;
    lane->given = 0;
    rests += lane->rest = rest_at(s, i, slot);
    if (rests >= s->whole) rests -= s->whole, rows++;
    find_due(s, lane, i);
  }
  return rows;
}

/* Finds which sources are ahead at a slot, into ahead_after. */
static void find_ahead(shares_reader *r, uint64_t slot) {
  uint64_t begin = slot > r->shares->reach ? slot - r->shares->reach : 0, ahead = start_lanes(r, begin);
  r->num_ready = 0;
  for (uint32_t i = 0; i < r->shares->count; i++)
    if (r->lanes[i].rest > 0) push(r, i);
  for (; ahead > 0; ahead--) {
    uint32_t first = pop(r);
    give(r->shares, &r->lanes[first], first);
  }
  run(r, slot - begin, false);
  for (size_t i = 0; i < r->shares->count; i++) r->lanes[i].ahead_after = r->lanes[i].time > slot - begin;
}

static void lay_out(shares_reader *r, uint64_t number) {
  const shares *s = r->shares;
  uint64_t begin = number * s->period;
  if (!repeats(s)) {
    if (r->number != number - 1) find_ahead(r, begin);
    for (size_t i = 0; i < s->count; i++) r->lanes[i].ahead = r->lanes[i].ahead_after;
    find_ahead(r, begin + s->period);
  }
  start_lanes(r, begin);
  for (size_t i = 0; i < s->count; i++) {
    shares_lane *lane = &r->lanes[i];
    lane->before = rows_at(s, i, begin) + lane->ahead;
    if (lane->ahead) give(s, lane, i);
  }
  run(r, s->period, true);
  r->number = number;
}

bool shares_reader_init(shares_reader *r, const shares *s) {
  *r = (shares_reader){.shares = s, .number = UINT64_MAX};
  r->slots = calloc(s->period, sizeof *r->slots);
  r->lanes = calloc(s->count, sizeof *r->lanes);
  r->waiting = calloc(s->period, sizeof *r->waiting);
  r->ready = calloc(s->count, sizeof *r->ready);
  return r->slots && r->lanes && r->waiting && r->ready;
}

void shares_reader_free(shares_reader *r) {
  free(r->slots);
  free(r->lanes);
  free(r->waiting);
  free(r->ready);
}

shares_row shares_at(shares_reader *r, uint64_t row) {
  const shares *s = r->shares;
  uint64_t number = row / s->period, laid_out = repeats(s) ? 0 : number;
  if (r->number != laid_out) lay_out(r, laid_out);
  const shares_slot *slot = &r->slots[row % s->period];
  uint64_t before = repeats(s) ? number * s->weights[slot->source] : r->lanes[slot->source].before;
  return (shares_row){slot->source, before + slot->nth};
}
