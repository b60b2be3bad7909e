#include "core/error.h"
#include "data/loader_internal.h"
#include "data/mix.h"

#define STATE_MAGIC UINT64_C(0x31656361725f6468) /* "hd_race1" */

_Static_assert(sizeof(batch_loader_state) < 128, "a state stays small");

static uint64_t check_of(const batch_loader_state *s) {
  const uint64_t fields[] = {s->magic, s->fingerprint, s->epoch, s->step, s->row};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) sum = mix64_with(sum, fields[i]);
  return sum;
}

bool loader_origin(const plan *p, const batch_loader_options *options, schedule_place *origin) {
  const batch_loader_state *s = options->resume;
  uint64_t fingerprint;
  *origin = (schedule_place){0, 0, 0};
  if (!s) return true;
  if (s->magic != STATE_MAGIC || s->check != check_of(s))
    return error_fail(BATCH_FORMAT_ERROR,
                      "batch_loader_create: resume is no state of a loader, or was damaged");
  if (!plan_fingerprint(p, &fingerprint)) return false;
  if (s->fingerprint != fingerprint || s->row > p->rows)
    return error_fail(
        BATCH_INVALID_ARGUMENT,
        "batch_loader_create: resume has fingerprint %016llx, expected %016llx: the tokens, the seed or "
        "options that the order depends on are not those it was saved with",
        (unsigned long long)s->fingerprint, (unsigned long long)fingerprint);
  *origin = (schedule_place){s->epoch, s->step, s->row};
  return true;
}

/* Several threads may compute it at once, with the same result. relaxed: it stands for itself. */
static bool fingerprint_of(BatchLoader *loader, uint64_t *fingerprint) {
  *fingerprint = atomic_load_explicit(&loader->fingerprint, memory_order_relaxed);
  if (*fingerprint) return true;
  if (!plan_fingerprint(&loader->recipe.plan, fingerprint)) return false;
  atomic_store_explicit(&loader->fingerprint, *fingerprint, memory_order_relaxed);
  return true;
}

static uint64_t smaller(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* The first step that is not delivered. In order: the head, or the step that stopped the loader. As
   they come: the smallest among the steps not yet taken, those with workers and those published; each
   is looked for in the order in which steps move, backwards, so that none slips through. seq_cst: see
   take_step in worker.c. */
static uint64_t first_undelivered(BatchLoader *loader) {
  const window *w = &loader->window;
  if (!loader->as_they_come) return smaller(window_head(w), window_stopped(w) ? w->stop_step : UINT64_MAX);
  uint64_t first = atomic_load_explicit(&loader->next_step, memory_order_seq_cst);
  for (uint32_t i = 0; i < loader->num_workers; i++)
    first = smaller(first, atomic_load_explicit(&loader->workers[i].step, memory_order_seq_cst));
  return smaller(smaller(first, window_least_step(w)), loader->recipe.schedule.total);
}

/* Between epochs it is the beginning of the next one. */
bool batch_loader_get_state(BatchLoader *loader, batch_loader_state *state) {
  uint64_t fingerprint;
  if (!loader || !state)
    return error_fail(BATCH_INVALID_ARGUMENT, "batch_loader_get_state: loader or state is NULL");
  if (loader_is_elsewhere("batch_loader_get_state", loader)) return false;
  if (!fingerprint_of(loader, &fingerprint)) return false;
  schedule_place at = schedule_at(&loader->recipe.schedule, first_undelivered(loader));
  *state = (batch_loader_state){STATE_MAGIC, fingerprint, at.epoch, at.step, at.row, 0};
  state->check = check_of(state);
  return true;
}
