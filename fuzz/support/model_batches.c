#include "support/model.h"

#include <string.h>

enum { PARTS = 5 };

static void create(model *m) {
  uint32_t rows = fuzz_take_below(&m->in, 6), columns = fuzz_take_below(&m->in, 5),
           vocab = fuzz_take_below(&m->in, 3) * 50;
  if (model_room(m) < 0) return;
  model_call(m, "batch_create");
  Batch *batch = batch_create(rows, columns, vocab);
  model_answer(m, batch, rows > 0 && columns > 0, BATCH_ERROR_INVALID_ARGUMENT);
  if (batch) model_hold(m, model_item_make(m, batch, NULL, 0, rows, columns, vocab));
}

static void create_with(model *m) {
  unsigned how = fuzz_take_u8(&m->in);
  batch_shape shape = {
      .batch_size = 1 + how % 4, .sequence_length = 1 + how / 4 % 4, .vocab_size = how & 0x10 ? 40 : 0};
  shape.input_type = how & 0x20 ? TENSOR_INT32 : TENSOR_FLOAT32;
  shape.mask_type = (how & 0xC0) == 0xC0 ? (tensor_type)77 : (tensor_type)TENSOR_FLOAT32;
  shape.with_documents = how & 0x40;
  shape.max_sequences = how & 0x80 ? 3 : 0;
  if (model_room(m) < 0) return;
  model_call(m, "batch_create_with");
  Batch *batch = batch_create_with(&shape);
  model_answer(m, batch, shape.mask_type != (tensor_type)77, BATCH_ERROR_INVALID_ARGUMENT);
  if (!batch) return;
  model_item *item =
      model_item_make(m, batch, NULL, 0, shape.batch_size, shape.sequence_length, shape.vocab_size);
  item->documents = shape.with_documents;
  item->sequences = shape.max_sequences > 0;
  model_hold(m, item);
}

static void retain(model *m) {
  int at = model_choose(m);
  bool none = fuzz_take_below(&m->in, 8) == 0;
  if (at < 0 || model_room(m) < 0) return;
  model_call(m, "batch_retain");
  batch_retain(none ? NULL : m->held[at]->batch);
  if (none) {
    model_refused(m, BATCH_ERROR_INVALID_ARGUMENT);
    return;
  }
  model_good(m);
  m->held[at]->references++;
  model_hold(m, m->held[at]);
}

static void release(model *m) {
  int at = model_choose(m);
  unsigned how = fuzz_take_below(&m->in, 9);
  Batch *batch = at < 0 || how == 8 ? NULL : m->held[at]->batch;
  model_call(m, "batch_release");
  (how % 2 ? batch_free : batch_release)(batch);
  model_good(m);
  if (!batch) return;
  model_item_drop(m, m->held[at]);
  m->held[at] = NULL;
}

/* Views of a batch's rows, the larger ones first. */
static void hold_parts(model *m, model_item *of, Batch **parts, uint32_t n) {
  model_item *keeper = of->parent ? of->parent : of;
  for (uint32_t i = 0, first = of->first; i < n; i++) {
    uint32_t rows = of->rows / n + (i < of->rows % n);
    model_item *part = model_item_make(m, parts[i], keeper, first, rows, of->columns, of->vocab);
    part->documents = of->documents;
    part->id = of->id;
    model_hold(m, part);
    first += rows;
  }
}

static void split(model *m, bool by_spheres) {
  int at = model_choose(m), room = 0;
  uint32_t n = fuzz_take_below(&m->in, PARTS + 1);
  Batch *parts[PARTS] = {NULL};
  for (int i = 0; i < HELD; i++) room += !m->held[i];
  if (at < 0 || room < (int)n) return;
  model_item *of = m->held[at];
  model_call(m, by_spheres ? "batch_distribute_to_spheres" : "batch_split");
  bool good =
      by_spheres ? batch_distribute_to_spheres(of->batch, n, parts) : batch_split(of->batch, n, parts);
  model_answer(m, good, n > 0 && n <= of->rows, BATCH_ERROR_INVALID_ARGUMENT);
  if (good) hold_parts(m, of, parts, n);
  for (uint32_t i = 0; i < PARTS && !good; i++)
    if (parts[i]) fuzz_fail("%s: refused, and a part is there", m->function);
}

static bool alike(const model_item *a, const model_item *b) {
  return a->columns == b->columns && a->vocab == b->vocab && a->documents == b->documents &&
         a->sequences == b->sequences && a->batch->input.dtype == b->batch->input.dtype &&
         a->batch->mask.dtype == b->batch->mask.dtype;
}

/* Whether the rows lie one behind the other among those of one batch. */
static bool adjacent(model_item *const *items, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    if (items[i]->parent != items[0]->parent || items[i]->first != items[i - 1]->first + items[i - 1]->rows)
      return false;
  return items[0]->parent;
}

static void hold_merged(model *m, Batch *batch, model_item *const *items, uint32_t n) {
  uint32_t rows = 0, at = 0, columns = items[0]->columns;
  for (uint32_t i = 0; i < n; i++) rows += items[i]->rows;
  model_item *keeper = adjacent(items, n) ? items[0]->parent : NULL;
  model_item *merged =
      model_item_make(m, batch, keeper, keeper ? items[0]->first : 0, rows, columns, items[0]->vocab);
  merged->documents = items[0]->documents;
  merged->sequences = items[0]->sequences;
  merged->id = items[0]->id;
  for (uint32_t i = 0; i < n; at += items[i++]->rows)
    if (memcmp(merged->input + (size_t)(merged->first + at) * columns,
               items[i]->input + (size_t)items[i]->first * columns,
               (size_t)items[i]->rows * columns * sizeof *merged->input) != 0)
      fuzz_fail("%s: the rows of batch %u are others", m->function, i);
  model_hold(m, merged);
}

static void merge(model *m) {
  model_item *items[PARTS] = {NULL};
  Batch *batches[PARTS];
  uint32_t n = fuzz_take_below(&m->in, 4);
  bool good = n > 0;
  for (uint32_t i = 0; i < n; i++) {
    int at = model_choose(m);
    if (at < 0 || model_room(m) < 0) return;
    items[i] = m->held[at];
    batches[i] = items[i]->batch;
    good = good && alike(items[0], items[i]);
  }
  if (n > 1 && fuzz_take_below(&m->in, 16) == 0) batches[1] = NULL, good = false;
  model_call(m, "batch_merge");
  Batch *merged = batch_merge(batches, n);
  model_answer(m, merged, good, BATCH_ERROR_INVALID_ARGUMENT);
  if (merged) hold_merged(m, merged, items, n);
}

static void copy(model *m) {
  int at = model_choose(m);
  if (at < 0 || model_room(m) < 0) return;
  model_item *of = m->held[at];
  model_call(m, "batch_copy");
  Batch *batch = batch_copy(of->batch);
  model_answer(m, batch, true, BATCH_OK);
  model_item *made = model_item_make(m, batch, NULL, 0, of->rows, of->columns, of->vocab);
  made->documents = of->documents;
  made->sequences = of->sequences;
  made->id = of->id;
  if (memcmp(made->input, of->input + (size_t)of->first * of->columns,
             (size_t)of->rows * of->columns * sizeof *made->input) != 0)
    fuzz_fail("batch_copy: other elements");
  model_hold(m, made);
}

static void write_element(model *m) {
  int at = model_choose(m);
  uint32_t indices[] = {fuzz_take_below(&m->in, 6), fuzz_take_below(&m->in, 6)};
  float value = (float)fuzz_take_below(&m->in, 90);
  if (at < 0) return;
  model_item *item = m->held[at];
  model_call(m, "tensor_set");
  tensor_set(&item->batch->input, indices, value);
  bool inside = indices[0] < item->rows && indices[1] < item->columns;
  if (!inside) {
    model_refused(m, BATCH_ERROR_OUT_OF_RANGE);
    return;
  }
  model_good(m);
  item->input[(size_t)(item->first + indices[0]) * item->columns + indices[1]] = value;
}

static void group(model *m) {
  int at = model_choose(m);
  uint32_t number = fuzz_take_below(&m->in, 16);
  if (at < 0) return;
  model_item *item = m->held[at];
  if (number == 15) item->id = item->batch->batch_id = fuzz_take_u64(&m->in);
  model_call(m, "batch_assign_to_group");
  bool good = batch_assign_to_group(item->batch, number);
  model_answer(m, good, number < BATCH_SYMMETRY_GROUPS, BATCH_ERROR_INVALID_ARGUMENT);
  if (good) item->id = (item->id & UINT64_MAX >> 4) | (uint64_t)number << 60;
  if (batch_symmetry_group(item->batch) != item->id >> 60) fuzz_fail("batch_symmetry_group: another one");
}

static void validate(model *m) {
  int at = model_choose(m);
  if (at < 0) return;
  const model_item *item = m->held[at];
  bool good = true;
  for (size_t i = 0;
       i < (size_t)item->rows * item->columns && item->batch->input.dtype == TENSOR_INT32 && item->vocab; i++)
    good = good && item->input[(size_t)item->first * item->columns + i] < (float)item->vocab;
  model_call(m, "batch_validate");
  model_answer(m, batch_validate(item->batch), good, BATCH_ERROR_OUT_OF_RANGE);
}

static void block(model *m) {
  int at = model_choose(m);
  size_t bytes = 1;
  if (at < 0) return;
  model_call(m, "batch_block");
  const void *found = batch_block(m->held[at]->batch, &bytes);
  model_answer(m, found, m->held[at]->pool, BATCH_ERROR_INVALID_ARGUMENT);
  if (bytes % 64 != 0 || (bytes == 0) != !found) fuzz_fail("batch_block: %zu bytes", bytes);
}

static double cost_of(const Batch *batch) {
  double sum = 0;
  for (size_t i = 0; i < batch->mask.total_size; i++)
    sum += batch->mask.dtype == TENSOR_FLOAT32 ? (double)batch->mask.data[i] : batch->mask.u8[i];
  return sum > 0 ? sum : 1;
}

/* The costliest that is left, the first of several, to who has least, the lowest of several. */
static void check_balance(Batch *const *batches, uint32_t n, uint32_t spheres, const uint32_t *found) {
  double load[PARTS] = {0};
  bool done[PARTS] = {false};
  for (uint32_t round = 0; round < n; round++) {
    uint32_t next = n, least = 0;
    for (uint32_t i = n; i-- > 0;)
      if (!done[i] && (next == n || cost_of(batches[i]) >= cost_of(batches[next]))) next = i;
    for (uint32_t s = 1; s < spheres; s++)
      if (load[s] < load[least]) least = s;
    if (found[next] != least)
      fuzz_fail("batch_balance_distribution: batch %u to %u, expected %u", next, found[next], least);
    load[least] += cost_of(batches[next]);
    done[next] = true;
  }
}

static void balance(model *m) {
  Batch *batches[PARTS];
  uint32_t n = fuzz_take_below(&m->in, PARTS + 1), spheres = fuzz_take_below(&m->in, PARTS + 1),
           assigned[PARTS];
  for (uint32_t i = 0; i < n; i++) {
    int at = model_choose(m);
    if (at < 0) return;
    batches[i] = m->held[at]->batch;
  }
  model_call(m, "batch_balance_distribution");
  bool good = batch_balance_distribution(batches, n, spheres, assigned);
  model_answer(m, good, n > 0 && spheres > 0, BATCH_ERROR_INVALID_ARGUMENT);
  if (good) check_balance(batches, n, spheres, assigned);
}

static void split_rows(model *m) {
  split(m, false);
}

static void split_spheres(model *m) {
  split(m, true);
}

void model_batch_call(model *m) {
  static void (*const calls[])(model *) = {create,     create_with,   retain, release, release,
                                           split_rows, split_spheres, merge,  copy,    write_element,
                                           group,      validate,      block,  balance};
  calls[fuzz_take_below(&m->in, sizeof calls / sizeof *calls)](m);
}
