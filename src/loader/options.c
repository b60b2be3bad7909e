#include "base/options.h"

#include "base/error.h"
#include "loader/fill_kernels.h"
#include "loader/loader_internal.h"
#include "loader/transform.h"

#include <stdlib.h>
#include <string.h>

bool loader_read_options(const char *function, const batch_loader_options *given,
                         batch_loader_options *mine) {
  static const options_type type = OPTIONS_TYPE(batch_loader_options, BATCH_LOADER_OPTIONS_INIT, pool);
  return options_read(&type, function, "options", given, mine);
}

static uint32_t largest_id(const batch_shape *shape) {
  return shape->vocab_size ? shape->vocab_size - 1 : fill_largest_id(shape->input_type);
}

static bool check_kinds(const batch_loader_options *o) {
  if ((unsigned)o->shuffle > BATCH_SHUFFLE_NONE)
    return wrong("shuffle is %d, expected a batch_shuffle", (int)o->shuffle);
  if ((unsigned)o->packing > BATCH_PACK_BOS_ALIGNED)
    return wrong("packing is %d, expected a batch_packing", (int)o->packing);
  if (o->pack_window > PACKER_MOST_DOCUMENTS)
    return wrong("pack_window is %u, expected at most %u", o->pack_window, PACKER_MOST_DOCUMENTS);
  return (unsigned)o->faults <= BATCH_FAULT_HAND_ON ||
         wrong("faults is %d, expected a batch_faults", (int)o->faults);
}

static uint32_t world_of(const batch_loader_options *o) {
  return o->world ? o->world : 1;
}

static bool check_numbers(const batch_loader_options *o, uint32_t largest) {
  if (o->workers > 4096) return wrong("workers is %u, expected at most 4096", o->workers);
  if ((uint32_t)o->pad_id > largest) return wrong("pad_id is %d, expected 0 to %u", o->pad_id, largest);
  return o->rank < world_of(o) || wrong("rank is %u, expected below world, which is %u%s", o->rank,
                                        world_of(o), o->world ? "" : " where it is not given");
}

static bool check_transforms(const batch_loader_options *o, const batch_shape *shape) {
  if (!o->transforms && o->num_transforms > 0)
    return wrong("transforms is NULL, expected %zu of them", o->num_transforms);
  for (size_t i = 0; i < o->num_transforms; i++)
    if (!transform_check(&o->transforms[i], i, shape, largest_id(shape))) return false;
  return true;
}

static bool check_skips(const batch_loader_options *o) {
  return o->skips || o->num_skips == 0 || wrong("skips is NULL, expected %zu of them", o->num_skips);
}

bool loader_check_options(const batch_loader_options *o) {
  if (!loader_check_batch_options(o)) return false;
  const batch_shape shape = loader_shape(o);
  return check_kinds(o) && check_numbers(o, largest_id(&shape)) && check_transforms(o, &shape) &&
         check_skips(o);
}

static bool copy_transforms(recipe *r, const batch_loader_options *o) {
  if (o->num_transforms == 0) return true;
  r->transforms = calloc(o->num_transforms, sizeof *r->transforms);
  if (!r->transforms)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "no memory for %zu transforms", o->num_transforms);
  memcpy(r->transforms, o->transforms, o->num_transforms * sizeof *r->transforms);
  r->num_transforms = o->num_transforms;
  return true;
}

static bool too_few_rows(uint64_t rows, uint64_t step_rows) {
  return wrong("drop_last with %llu row%s an epoch, expected at least the %llu of a step",
               (unsigned long long)rows, rows == 1 ? "" : "s", (unsigned long long)step_rows);
}

/* What is known only when windows have been packed: where the run's first step is, and that there are steps. Later ones
   find those windows there. */
static bool look_ahead(order *o, const plan *p) {
  order_reader first = order_read(o, NULL);
  order_place place;
  uint64_t found, whole = o->origin.epoch + (o->origin.step > 0);
  while (skips_next(&o->skips, whole) == whole) whole++;
  order_answer steps =
      o->drop_last && whole < o->epochs ? order_find_step(o, whole, 0, &place, &found) : ORDER_FOUND;
  if (steps == ORDER_NONE) return too_few_rows(plan_epoch_rows(p), o->step_rows);
  order_answer answer = steps == ORDER_FOUND ? order_find(&first, 0) : steps;
  if (answer == ORDER_NONE) o->total = 0;
  return answer != ORDER_FAILED;
}

/* Of a mix, the windows that its first rows come from. */
static bool look_into_lanes(const order *o, const plan *p) {
  plan_reader r;
  if (o->origin.epoch >= o->epochs) return true;
  bool good = plan_reader_init(&r, p) && plan_find_lanes(&r, o->origin.epoch * p->rows + o->origin.row);
  plan_reader_free(&r);
  return good;
}

static bool make_order(recipe *r, const batch_loader_options *o) {
  const plan *p = &r->plan;
  order_place origin;
  skips skipped;
  uint64_t step_rows = (uint64_t)world_of(o) * o->batch_size;
  uint64_t epochs = o->epochs ? o->epochs : 1, most = plan_epochs(p);
  if (o->drop_last && p->counted && step_rows > p->rows) return too_few_rows(p->rows, step_rows);
  if (epochs > most) epochs = most;
  if (!loader_origin(p, o, &origin, &skipped)) return false;
  order_init(&r->order, p, &skipped, step_rows, o->drop_last, origin, epochs, o->steps);
  if (!p->windowed) return true;
  return p->counted ? look_into_lanes(&r->order, p) : look_ahead(&r->order, p);
}

bool loader_make_recipe(recipe *r, const batch_loader_source *sources, size_t n,
                        const batch_loader_options *o) {
  const batch_shape shape = loader_shape(o);
  *r = (recipe){.shape = shape,
                .whole = loader_whole_shape(o),
                .context = loader_context(o),
                .limit = largest_id(&shape),
                .pad_id = o->pad_id,
                .rank_row = (uint64_t)o->rank * o->batch_size,
                .skip = o->faults == BATCH_FAULT_SKIP,
                .masks = o->no_loss_across || o->context_documents,
                .no_loss_across = o->no_loss_across,
                .ignore_masked = o->ignore_masked};
  if (!plan_init(&r->plan, sources, n, o)) return false;
  for (size_t i = 0; i < n; i++) {
    const token_files *data = r->plan.sources[i].data;
    r->files += data->count;
    for (size_t k = 0; k < data->count; k++) r->masks |= data->files[k].loss.kind != TOKEN_LOSS_NONE;
  }
  return copy_transforms(r, o) && make_order(r, o);
}
