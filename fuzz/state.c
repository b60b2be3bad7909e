/* States that a loader is to go on from: as it gave them, then edited under a right hash, and as files that were edited or
   damaged.

   input: options of the loader, its sources; how many batches come before the state; edits of its fields; where there are none,
   edits and damage of its file. */
#include <stddef.h>
#include <string.h>

#include "base/mix.h"
#include "support/fuzz.h"

enum { TOKENS = 97, MOST_BATCHES = 512, REPLAYED = 3 };

static const uint64_t ends[] = {5, 5, 6, 14, 30, 31, 40, 61, 64, 80, 96, 97};

/* What came out of a loader. */
typedef struct batches {
  uint64_t count;
  uint64_t sums[MOST_BATCHES];
} batches;

/* One source, or two with weights. */
typedef struct sources {
  batch_loader_source each[2];
  size_t count;
} sources;

static BatchDataset *open_tokens(void) {
  static int32_t ids[TOKENS];
  batch_memory memory = BATCH_MEMORY_INIT;
  for (int i = 0; i < TOKENS; i++) ids[i] = i;
  memory.tokens = ids;
  memory.count = TOKENS;
  memory.token_type = BATCH_TOKEN_I32;
  memory.document_ends = ends;
  memory.documents = sizeof ends / sizeof *ends;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, NULL);
  if (!dataset) fuzz_fail("no dataset");
  return dataset;
}

static batch_loader_options take_options(fuzz_input *in) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  unsigned order = fuzz_take_u8(in), size = fuzz_take_u8(in), more = fuzz_take_u8(in);
  o.packing = (batch_packing)(order & 3);
  o.shuffle = (batch_shuffle)((order >> 2 & 3) % 3);
  o.drop_last = order & 0x10;
  o.as_they_come = order & 0x20;
  o.batch_size = 1 + size % 4;
  o.sequence_length = 2 + size / 4 % 16;
  o.epochs = 1 + more % 3;
  o.pack_window = more / 4 % 8;
  o.block_rows = more / 32;
  o.seed = fuzz_take_u8(in);
  return o;
}

static uint64_t add_tensor(uint64_t sum, const Tensor *t, size_t width) {
  return mix64_bytes(sum, t->raw, t->total_size * width);
}

static uint64_t sum_of(const Batch *batch) {
  uint64_t sum = mix64_with(batch->batch_id, batch->epoch_id);
  sum = add_tensor(sum, &batch->input, sizeof(int32_t));
  sum = add_tensor(sum, &batch->target, sizeof(int32_t));
  return add_tensor(sum, &batch->mask, sizeof(float));
}

/* What a step is when it is made again, for the first few of them. */
static void check_replay(BatchLoader *loader, const Batch *batch, uint64_t number) {
  if (number >= REPLAYED) return;
  Batch *again = batch_loader_replay(loader, batch->epoch_id, batch->batch_id);
  if (!again)
    fuzz_fail("step %u of epoch %u cannot be made again", (unsigned)batch->batch_id, batch->epoch_id);
  if (sum_of(again) != sum_of(batch))
    fuzz_fail("step %u is another one when it is made again", (unsigned)batch->batch_id);
  batch_release(again);
}

/* Takes at most `most` batches. */
static void take(BatchLoader *loader, uint64_t most, batches *to) {
  to->count = 0;
  for (Batch *batch; to->count < most && (batch = batch_loader_next(loader)); batch_release(batch)) {
    if (to->count == MOST_BATCHES) fuzz_fail("it does not end");
    check_replay(loader, batch, to->count);
    to->sums[to->count++] = sum_of(batch);
  }
  if (to->count < most && batch_last_error()->code != BATCH_END)
    fuzz_fail("it ends otherwise than at its end");
}

static void get_state(BatchLoader *loader, batch_loader_state *state) {
  if (!batch_loader_get_state(loader, state)) fuzz_fail("no state");
}

/* As loader/state.c has it: an edit is to be seen by what it says, not by the hash. */
static void seal(batch_loader_state *s) {
  const uint64_t fields[] = {
      s->magic, s->data, s->seed, s->sequence_length, s->packing,    s->shuffle,  s->order,
      s->epoch, s->step, s->row,  s->window,          s->window_row, s->reserved, s->num_skips};
  uint64_t sum = 0;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) sum = mix64_with(sum, fields[i]);
  for (uint32_t i = 0; i < s->num_skips && i < BATCH_LOADER_MAX_SKIPS; i++)
    sum = mix64_with(mix64_with(mix64_with(sum, s->skips[i].epoch), s->skips[i].first), s->skips[i].count);
  s->check = sum;
}

static uint64_t edited(fuzz_input *in, uint64_t value) {
  unsigned how = fuzz_take_below(in, 4);
  if (how == 0) return fuzz_take_u64(in);
  if (how == 1) return value + fuzz_take_u8(in);
  if (how == 2) return value - fuzz_take_u8(in);
  return fuzz_take_u8(in);
}

static void edit_skip(fuzz_input *in, batch_loader_state *s) {
  batch_loader_skip *skip = &s->skips[fuzz_take_below(in, BATCH_LOADER_MAX_SKIPS)];
  skip->epoch = edited(in, skip->epoch);
  skip->first = edited(in, skip->first);
  skip->count = edited(in, skip->count);
}

static void edit(fuzz_input *in, batch_loader_state *s) {
  uint64_t *const fields[] = {&s->magic, &s->data, &s->seed,   &s->order,     &s->epoch,
                              &s->step,  &s->row,  &s->window, &s->window_row};
  const unsigned places = sizeof fields / sizeof *fields;
  unsigned which = fuzz_take_below(in, places + 6);
  if (which < places) *fields[which] = edited(in, *fields[which]);
  if (which == places) s->num_skips = (uint32_t)edited(in, s->num_skips);
  if (which == places + 1) s->sequence_length = (uint32_t)edited(in, s->sequence_length);
  if (which == places + 2) s->packing = (uint16_t)edited(in, s->packing);
  if (which == places + 3) s->shuffle = (uint16_t)edited(in, s->shuffle);
  if (which == places + 4) s->reserved = (uint32_t)edited(in, s->reserved);
  if (which == places + 5) edit_skip(in, s);
}

/* What the loader gives from this state on. Returns: whether it takes it. */
static bool go_on(const sources *from, const batch_loader_options *options, const batch_loader_state *state,
                  batches *to) {
  batch_loader_options o = *options;
  o.resume = state;
  BatchLoader *loader = batch_loader_create_mixed(from->each, from->count, &o);
  if (!loader) {
    fuzz_check_refusal("resume");
    return false;
  }
  take(loader, UINT64_MAX, to);
  batch_loader_free(loader);
  return true;
}

static void check_same(const batches *a, const batches *b, const char *what) {
  if (a->count != b->count) fuzz_fail("%s: %u batches and %u", what, (unsigned)a->count, (unsigned)b->count);
  for (uint64_t i = 0; i < a->count; i++)
    if (a->sums[i] != b->sums[i]) fuzz_fail("%s: batch %u is another one", what, (unsigned)i);
}

/* A state that is taken is what the loader itself would give there. */
static void check_edited(const sources *from, const batch_loader_options *options,
                         const batch_loader_state *s) {
  static batches once, again;
  static batch_loader_state given;
  batch_loader_options o = *options;
  o.resume = s;
  BatchLoader *loader = batch_loader_create_mixed(from->each, from->count, &o);
  if (!loader) {
    fuzz_check_refusal(NULL);
    return;
  }
  fuzz_taken = true;
  get_state(loader, &given);
  take(loader, UINT64_MAX, &once);
  batch_loader_free(loader);
  if (!go_on(from, options, &given, &again))
    fuzz_fail("a state was taken, and the one given for it is refused");
  check_same(&once, &again, "from a state, and from the one given for it");
}

/* A state's file, and whether a state is what it holds. */
typedef struct saved {
  uint8_t bytes[2 * sizeof(batch_loader_state)];
  size_t size;
  bool sound;
} saved;

static size_t bytes_of(const batch_loader_state *s) {
  return offsetof(batch_loader_state, skips) + s->num_skips * sizeof *s->skips;
}

/* Edits under a hash that is right, or as it was; then another size, and a byte that is another one. */
static void damage(fuzz_input *in, const batch_loader_state *s, saved *to) {
  static batch_loader_state as_edited, sealed;
  unsigned how = fuzz_take_u8(in);
  as_edited = *s;
  for (unsigned i = 0; i < how % 4; i++) edit(in, &as_edited);
  bool fits = as_edited.num_skips <= BATCH_LOADER_MAX_SKIPS;
  if (fits && !(how & 0x10)) seal(&as_edited);
  sealed = as_edited;
  if (fits) seal(&sealed);
  to->size = fits ? bytes_of(&as_edited) : sizeof as_edited;
  to->sound = fits && as_edited.magic == s->magic && as_edited.check == sealed.check;
  memset(to->bytes, 0, sizeof to->bytes);
  memcpy(to->bytes, &as_edited, to->size);
  size_t change = how & 4 ? fuzz_take_u8(in) : 0;
  uint8_t flip = how & 8 ? fuzz_take_u8(in) : 0;
  if (flip) to->bytes[fuzz_take_u8(in) % to->size] ^= flip;
  to->size =
      change & 0x80 && to->size > change - 0x80 ? to->size - (change - 0x80) : to->size + change % 0x80;
  to->sound = to->sound && !flip && change % 0x80 == 0;
}

/* Through a file; another one is refused, or it is a state and read as it is there. */
static void check_file(fuzz_input *in, const batch_loader_state *s) {
  static batch_loader_state loaded;
  static saved other;
  const char *path = fuzz_path("x.state");
  if (!batch_loader_state_save(s, path) || !batch_loader_state_load(&loaded, path))
    fuzz_fail("saved and not loaded");
  if (memcmp(&loaded, s, bytes_of(s)) != 0) fuzz_fail("loaded it is another state");
  damage(in, s, &other);
  fuzz_write("y.state", (fuzz_part){other.bytes, other.size});
  fuzz_taken = batch_loader_state_load(&loaded, fuzz_path("y.state"));
  if (!fuzz_taken) fuzz_check_refusal(fuzz_folder());
  if (fuzz_taken != other.sound) fuzz_fail("a file is %s", fuzz_taken ? "loaded, and no state" : "refused");
  if (fuzz_taken && memcmp(&loaded, other.bytes, other.size) != 0)
    fuzz_fail("loaded it is not what is in the file");
}

static void check_state(fuzz_input *in, const sources *from, const batch_loader_options *options) {
  static batches before, rest, again;
  static batch_loader_state state;
  BatchLoader *loader = batch_loader_create_mixed(from->each, from->count, options);
  if (!loader) {
    fuzz_check_refusal(NULL);
    return;
  }
  take(loader, fuzz_take_below(in, 32), &before);
  get_state(loader, &state);
  unsigned edits = fuzz_take_below(in, 4);
  if (edits == 0) {
    take(loader, UINT64_MAX, &rest);
    if (!go_on(from, options, &state, &again)) fuzz_fail("its own state is refused");
    fuzz_taken = true;
    if (fuzz_control) fuzz_fail("its own state is taken, which the control does not expect");
    if (!options->as_they_come) check_same(&rest, &again, "gone on, and from a state");
  }
  batch_loader_free(loader);
  for (unsigned i = 0; i < edits; i++) edit(in, &state);
  if (state.num_skips <= BATCH_LOADER_MAX_SKIPS) seal(&state);
  if (edits > 0) check_edited(from, options, &state);
  if (in->size > 0 && state.num_skips <= BATCH_LOADER_MAX_SKIPS && edits == 0) check_file(in, &state);
}

/* Without weights the second source is there as the first one is, with them it gives its share. */
static sources take_sources(fuzz_input *in) {
  unsigned how = fuzz_take_u8(in);
  sources from = {.count = 1 + (how & 1)};
  for (size_t i = 0; i < from.count; i++) from.each[i].dataset = open_tokens();
  if (how & 2) from.each[0].weight = 1, from.each[1].weight = 0.25 + (double)(how >> 2);
  return from;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  const batch_loader_options options = take_options(&in);
  const sources from = take_sources(&in);
  check_state(&in, &from, &options);
  for (size_t i = 0; i < from.count; i++) batch_dataset_free((BatchDataset *)(uintptr_t)from.each[i].dataset);
  return fuzz_end();
}
