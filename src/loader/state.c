#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mix.h"
#include "loader/loader_internal.h"
#include "sync/thread.h"

#define STATE_MAGIC UINT64_C(0x33656361725f6468) /* "hd_race3" */

_Static_assert(offsetof(batch_loader_state, skips) < 128, "a state stays small");

static uint64_t check_of(const batch_loader_state *s) {
  const uint64_t fields[] = {
      s->magic, s->data, s->seed, s->sequence_length, s->packing,    s->shuffle,  s->order,
      s->epoch, s->step, s->row,  s->window,          s->window_row, s->reserved, s->num_skips};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) sum = mix64_with(sum, fields[i]);
  for (uint32_t i = 0; i < s->num_skips; i++)
    sum = mix64_with(mix64_with(mix64_with(sum, s->skips[i].epoch), s->skips[i].first), s->skips[i].count);
  return sum;
}

/* A state of a run with this plan, at its beginning. */
static batch_loader_state state_of(const plan *p, uint64_t data_hash) {
  return (batch_loader_state){.magic = STATE_MAGIC,
                              .data = data_hash,
                              .seed = p->seed,
                              .sequence_length = p->sequence_length,
                              .packing = (uint16_t)p->packing,
                              .shuffle = (uint16_t)p->shuffle,
                              .order = plan_hash_mix(p)};
}

static bool same(const char *what, uint64_t saved, uint64_t given) {
  return saved == given ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "resume was saved with %s %llu, expected %llu", what,
                    (unsigned long long)saved, (unsigned long long)given);
}

/* words: [n] of what the numbers stand for. */
static bool same_word(const char *what, const char *const *words, unsigned n, unsigned saved,
                      unsigned given) {
  return saved == given ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "resume was saved with %s %s, expected %s", what,
                    saved < n ? words[saved] : "?", words[given]);
}

/* Names the options that plan_hash_mix has of such a plan: which of them it is, a hash does not say. */
static bool other_order(const plan *p) {
  const struct {
    bool matters;
    const char *name;
  } options[] = {{p->count > 1, "weights"},
                 {p->shuffle == BATCH_SHUFFLE_BLOCKS && !p->windowed, "block_rows"},
                 {p->packing == BATCH_PACK_WINDOWS, "drop_last"},
                 {p->windowed, "pack_window"},
                 {p->windowed, "context_documents"},
                 {p->multiple > 1 && p->windowed, "context_world"},
                 {p->packing == BATCH_PACK_DOCUMENTS, "documents"}};
  char names[96] = "";
  for (size_t i = 0, used = 0; i < sizeof options / sizeof *options; i++)
    if (options[i].matters)
      used +=
          (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? " or " : "", options[i].name);
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "resume was saved with other %s, expected the same", names);
}

static bool check_origin(const plan *p, const batch_loader_state *s, const batch_loader_state *mine) {
  static const char *const packings[] = {"windows", "documents", "best fit", "BOS-aligned"};
  static const char *const shuffles[] = {"all", "blocks", "none"};
  if (!same("seed", s->seed, mine->seed) ||
      !same("sequence_length", s->sequence_length, mine->sequence_length) ||
      !same_word("packing", packings, 4, s->packing, mine->packing) ||
      !same_word("shuffle", shuffles, 3, s->shuffle, mine->shuffle))
    return false;
  if (s->data != mine->data)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                      "resume was saved with other data, of fingerprint %016llx, expected %016llx",
                      (unsigned long long)s->data, (unsigned long long)mine->data);
  return s->order == mine->order || other_order(p);
}

static bool wrong_place(const batch_loader_state *s) {
  return error_fail(
      BATCH_ERROR_FORMAT,
      "resume is at row %llu of epoch %llu, in window %llu from row %llu on, expected a place that "
      "this data has",
      (unsigned long long)s->row, (unsigned long long)s->epoch, (unsigned long long)s->window,
      (unsigned long long)s->window_row);
}

/* Where rows come in windows, the state's one is packed, and must have the row, or end before it. */
static bool check_window(const batch_loader_state *s, const plan *p, lane_at *at) {
  *at = (lane_at){.pass = s->epoch, .number = s->window, .first = s->window_row};
  if (s->window >= pack_window_count(p, 0) || s->window_row > s->row || s->row > p->tokens)
    return wrong_place(s);
  if (!windows_count(p->windows, 0, at)) return false;
  return s->row - s->window_row <= at->rows || wrong_place(s);
}

/* Every step has had a row at least. */
static bool check_step(const batch_loader_state *s) {
  return s->step <= s->row ||
         error_fail(
             BATCH_ERROR_FORMAT,
             "resume is at step %llu and row %llu of epoch %llu, expected at least as many rows as steps",
             (unsigned long long)s->step, (unsigned long long)s->row, (unsigned long long)s->epoch);
}

static bool take_place(const batch_loader_state *s, const plan *p, order_place *origin) {
  *origin = (order_place){s->epoch, s->step, s->row, {.pass = s->epoch}};
  if (s->epoch > BATCH_LOADER_ENDLESS || s->epoch > plan_epochs(p)) return wrong_place(s);
  if (!p->counted) return check_window(s, p, &origin->at) && check_step(s);
  if (s->row > p->rows || s->window > 0 || s->window_row > 0) return wrong_place(s);
  return check_step(s);
}

/* Intervals end where numbers do, at the latest. */
static bool check_skips(const batch_loader_state *s) {
  for (uint32_t i = 0; i < s->num_skips; i++) {
    uint64_t end;
    if (__builtin_add_overflow(s->skips[i].first, s->skips[i].count, &end))
      return error_fail(BATCH_ERROR_FORMAT,
                        "resume has a skip that ends at 2^64 or behind, expected a place");
  }
  return true;
}

size_t loader_state_bytes(uint32_t num_skips) {
  return offsetof(batch_loader_state, skips) + num_skips * sizeof(batch_loader_skip);
}

bool loader_state_is_sound(const batch_loader_state *s) {
  return s->magic == STATE_MAGIC && s->num_skips <= BATCH_LOADER_MAX_SKIPS && s->check == check_of(s);
}

bool loader_origin(const plan *p, const batch_loader_options *o, order_place *origin, skips *skipped) {
  const batch_loader_state *s = o->resume;
  uint64_t data_hash;
  *origin = (order_place){.epoch = 0};
  if (!s) return skips_init(skipped, o->skips, o->num_skips, NULL, 0, 0);
  if (!loader_state_is_sound(s))
    return error_fail(BATCH_ERROR_FORMAT, "resume is no state of a loader of this version, or was damaged");
  if (!plan_hash_data(p, &data_hash)) return false;
  batch_loader_state mine = state_of(p, data_hash);
  if (!check_origin(p, s, &mine) || !check_skips(s) || !take_place(s, p, origin)) return false;
  return skips_init(skipped, o->skips, o->num_skips, s->skips, s->num_skips, s->epoch);
}

/* Several threads may compute it at once, with the same result. relaxed: it stands for itself. */
static bool data_hash_of(BatchLoader *loader, uint64_t *hash) {
  *hash = atomic_load_explicit(&loader->data_hash, memory_order_relaxed);
  if (*hash) return true;
  if (!plan_hash_data(&loader->recipe.plan, hash)) return false;
  atomic_store_explicit(&loader->data_hash, *hash, memory_order_relaxed);
  return true;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* The first step that is not delivered. In order: the head. As they come: the smallest among the steps not yet
   taken, those with workers and those published; each is looked for in the order in which steps move, backwards, so
   that none slips through. A worker may still have a step that has been delivered, but for when all have been.
   STEP: seq_cst; pairs with take_step. */
static uint64_t first_undelivered(BatchLoader *loader) {
  const delivery *d = &loader->delivery;
  uint64_t taken = delivery_taken(d);
  if (!loader->as_they_come || delivery_is_behind(d, taken)) return taken;
  uint64_t first = atomic_load_explicit(&loader->next_step, memory_order_seq_cst);
  for (uint32_t i = 0; i < loader->num_workers; i++)
    first = smaller(first, atomic_load_explicit(&loader->workers[i].step, memory_order_seq_cst));
  return smaller(first, delivery_least_step(d));
}

/* Finds the place of a step, also of one behind the last that is to be delivered. Between epochs it is the beginning of
   the next one. Where rows come in windows the way from the last place that was asked for is shorter. */
static bool find_place(BatchLoader *loader, uint64_t nth, order_place *place) {
  pthread_mutex_lock(&loader->look_lock);
  order_answer found = order_find(&loader->looked, nth);
  *place = found == ORDER_FOUND ? loader->looked.place : order_behind(&loader->recipe.order);
  pthread_mutex_unlock(&loader->look_lock);
  return found != ORDER_FAILED;
}

/* Writes the state of the loader's run at a place of it. */
static void put_state(const BatchLoader *loader, uint64_t data_hash, const order_place *at,
                      batch_loader_state *state) {
  const skips *skipped = &loader->recipe.order.skips;
  *state = state_of(&loader->recipe.plan, data_hash);
  state->epoch = at->epoch;
  state->step = at->step;
  state->row = at->row;
  state->window = at->at.number;
  state->window_row = at->at.first;
  state->num_skips = skipped->count;
  memcpy(state->skips, skipped->list, skipped->count * sizeof *state->skips);
  state->check = check_of(state);
}

/* Whether the loader can be asked in the name of `function`, and then the hash of its data. */
static bool can_tell(const char *function, BatchLoader *loader, const batch_loader_state *state,
                     uint64_t *data_hash) {
  if (!loader || !state)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL", function, loader ? "state" : "loader");
  return !loader_is_elsewhere(function, loader) && data_hash_of(loader, data_hash);
}

bool batch_loader_get_state(BatchLoader *loader, batch_loader_state *state) {
  HOLD_CANCELLATION;
  uint64_t data_hash;
  order_place at;
  if (!can_tell("batch_loader_get_state", loader, state, &data_hash)) return false;
  if (!find_place(loader, first_undelivered(loader), &at)) return error_name("batch_loader_get_state");
  put_state(loader, data_hash, &at, state);
  return true;
}

bool batch_loader_state_at(BatchLoader *loader, uint64_t epoch, uint64_t rows, batch_loader_state *state) {
  HOLD_CANCELLATION;
  static const char function[] = "batch_loader_state_at";
  uint64_t data_hash, most;
  order_place at;
  if (!can_tell(function, loader, state, &data_hash)) return false;
  const order *o = &loader->recipe.order;
  if (epoch >= o->epochs)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE, "%s: epoch is %llu, expected below %llu", function,
                      (unsigned long long)epoch, (unsigned long long)o->epochs);
  order_answer found = order_find_row(o, epoch, rows, &at, &most);
  if (found == ORDER_FAILED) return error_name(function);
  if (found == ORDER_NONE)
    return error_fail(BATCH_ERROR_OUT_OF_RANGE,
                      "%s: rows is %llu, expected at most %llu, those of epoch %llu", function,
                      (unsigned long long)rows, (unsigned long long)most, (unsigned long long)epoch);
  put_state(loader, data_hash, &at, state);
  return true;
}
