/* Packing: one window beside a best fit that looks at every row; and each strategy through a loader: rows, documents,
   positions and masks are what it promises, every pair of tokens comes once, and nothing is left out but what is promised. */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "support/packs.h"

enum { MOST = 200, PAD = 60000 };

/* Documents of the numbers from 0 on, each token its place. */
typedef struct documents {
  uint32_t count, lengths[MOST];
  uint64_t ends[MOST], tokens;
  uint16_t *ids;
} documents;

static documents take_documents(fuzz_input *in, uint32_t longest) {
  documents d = {0};
  while (in->size > 0 && d.count < MOST) {
    d.lengths[d.count] = fuzz_take_u8(in) * (longest + 1) / 256;
    d.tokens += d.lengths[d.count];
    d.ends[d.count++] = d.tokens;
  }
  d.ids = malloc(d.tokens * sizeof *d.ids + 1);
  for (uint64_t i = 0; i < d.tokens; i++) d.ids[i] = (uint16_t)i;
  return d;
}

/* Returns how many rows there are. */
static uint64_t check_packer(const documents *d, uint32_t columns, uint32_t multiple, bool aligned) {
  packer p;
  pack_table table = {0};
  if (!packer_init(&p, columns, d->count, multiple, aligned) || !pack_table_init(&table, &p))
    fuzz_fail("no packer");
  for (uint32_t i = 0; i < d->count; i++) {
    p.starts[i] = d->ends[i] - d->lengths[i];
    p.pairs[i] = d->lengths[i] ? d->lengths[i] - 1 : 0;
  }
  check_window(&p, &table, d->count);
  uint64_t rows = table.rows;
  packer_free(&p);
  pack_table_free(&table);
  return rows;
}

typedef struct run {
  const documents *documents;
  batch_loader_options options;
  uint8_t *seen; /* [tokens] pairs that begin with each */
  uint64_t rows;
} run;

static uint32_t document_of(const documents *d, uint64_t token) {
  uint32_t i = 0;
  while (d->ends[i] <= token) i++;
  return i;
}

static void check_padding(const Batch *b, size_t i) {
  if (b->input.i32[i] != PAD || b->target.i32[i] != PAD || b->mask.u8[i] != 0 || b->documents.i32[i] != -1)
    fuzz_fail("padding is not what it should be");
}

/* A document of the row: how many columns it has. Only windows of the stream go on into the next document. */
static uint32_t check_piece(run *r, const Batch *b, size_t i, uint32_t room, int32_t number) {
  const bool stream = r->options.packing == BATCH_PACK_WINDOWS;
  const uint64_t first = (uint64_t)b->input.i32[i];
  if (first + 1 >= r->documents->tokens)
    fuzz_fail("input is token %d of %d", (int)first, (int)r->documents->tokens);
  const uint64_t end = r->documents->ends[document_of(r->documents, first)];
  uint32_t n = 0;
  for (; n < room && b->mask.u8[i + n] && b->documents.i32[i + n] == number; n++) {
    uint64_t token = first + n;
    if ((uint64_t)b->input.i32[i + n] != token || (uint64_t)b->target.i32[i + n] != token + 1)
      fuzz_fail("tokens do not follow");
    if (token >= end || (token + 1 >= end && !stream)) fuzz_fail("a document goes on behind its end");
    if (b->positions.i32[i + n] != (int32_t)n)
      fuzz_fail("position %d, expected %u", b->positions.i32[i + n], n);
    if (r->seen[token]++) fuzz_fail("token %d comes twice", (int)token);
  }
  if (n == 0) fuzz_fail("document %d of the row has no column", number);
  return n;
}

static void check_row(run *r, const Batch *b, uint32_t row) {
  uint32_t columns = b->sequence_length, used = 0;
  size_t at = (size_t)row * columns;
  int32_t number = 0;
  for (; used < columns && b->mask.u8[at + used]; number++)
    used += check_piece(r, b, at + used, columns - used, number);
  for (uint32_t i = used; i < columns; i++) check_padding(b, at + i);
  r->rows += used > 0;
  if (r->options.packing == BATCH_PACK_DOCUMENTS && number > 1) fuzz_fail("a row of %d documents", number);
  if (r->options.packing == BATCH_PACK_WINDOWS && r->options.drop_last && used < columns)
    fuzz_fail("a row with padding");
}

/* Whether the strategy promises the pair that begins with a token: of those that lie behind a document's first row. */
static bool is_promised(const run *r, uint64_t token) {
  const documents *d = r->documents;
  if (r->options.packing == BATCH_PACK_WINDOWS) return token + 1 < d->tokens;
  uint32_t document = document_of(d, token);
  uint64_t place = token - (d->ends[document] - d->lengths[document]);
  bool cropped = r->options.packing == BATCH_PACK_DOCUMENTS || r->options.packing == BATCH_PACK_BOS_ALIGNED;
  return token + 1 < d->ends[document] && (!cropped || place < r->options.sequence_length);
}

static uint64_t rows_by_reference(const run *r) {
  const documents *d = r->documents;
  uint64_t rows = 0;
  if (r->options.packing == BATCH_PACK_WINDOWS)
    return r->options.drop_last ? (d->tokens - 1) / r->options.sequence_length
                                : (d->tokens - 2) / r->options.sequence_length + 1;
  if (r->options.packing != BATCH_PACK_DOCUMENTS)
    return check_packer(d, r->options.sequence_length, 1, r->options.packing == BATCH_PACK_BOS_ALIGNED);
  for (uint32_t i = 0; i < d->count; i++) rows += d->lengths[i] > 1;
  return rows;
}

/* With drop_last so many rows as do not fill a batch are not there. */
static void check_all(const run *r) {
  uint64_t rows = rows_by_reference(r), missing = 0;
  bool one_window = r->options.pack_window == 0 || r->options.pack_window >= r->documents->count,
       exact = one_window || r->options.packing < BATCH_PACK_BEST_FIT;
  if (exact && r->options.drop_last) rows -= rows % r->options.batch_size;
  if (fuzz_control) rows++;
  if (exact && r->rows != rows) fuzz_fail("%d rows, expected %d", (int)r->rows, (int)rows);
  if (!exact && !r->options.drop_last && r->rows < rows)
    fuzz_fail("%d rows are fewer than of one window", (int)r->rows);
  for (uint64_t i = 0; i < r->documents->tokens; i++) {
    bool promised = is_promised(r, i);
    if (r->seen[i] && !promised) fuzz_fail("token %d is not promised", (int)i);
    missing += promised && !r->seen[i];
  }
  if (missing && !r->options.drop_last) fuzz_fail("%d tokens are lost", (int)missing);
  if (missing >= (uint64_t)r->options.batch_size * r->options.sequence_length + r->options.sequence_length)
    fuzz_fail("%d tokens are left out, more than what fills no batch", (int)missing);
}

static void run_loader(run *r, const BatchDataset *dataset) {
  BatchLoader *loader = batch_loader_create(dataset, &r->options);
  if (!loader) {
    fuzz_check_refusal("batch_loader_create");
    if (rows_by_reference(r) >= r->options.batch_size) fuzz_fail("there are rows, and no loader");
    return;
  }
  fuzz_taken = true;
  for (Batch *b; (b = batch_loader_next(loader)); batch_release(b))
    for (uint32_t row = 0; row < b->batch_size; row++) check_row(r, b, row);
  if (batch_last_error()->code != BATCH_END) fuzz_fail("no end");
  check_all(r);
  batch_loader_free(loader);
}

static void check_loader(run *r) {
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = r->documents->ids;
  memory.count = r->documents->tokens;
  memory.document_ends = r->documents->ends;
  memory.documents = r->documents->count;
  memory.token_type = BATCH_TOKEN_U16;
  BatchDataset *dataset = batch_dataset_from_memory(&memory, NULL);
  if (!dataset) fuzz_fail("no dataset");
  r->seen = calloc(r->documents->tokens, 1);
  run_loader(r, dataset);
  free(r->seen);
  batch_dataset_free(dataset);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  unsigned how = fuzz_take_u8(&in), multiple = 1 + fuzz_take_below(&in, 6);
  uint32_t columns = 1 + fuzz_take_below(&in, 70), longest = (fuzz_take_u8(&in) % 4 + 1) * columns / 2 + 1;
  run r = {.options = BATCH_LOADER_OPTIONS_INIT};
  r.options.sequence_length = columns;
  r.options.packing = (batch_packing)(how % 4);
  r.options.shuffle = (batch_shuffle)(how / 4 % 3);
  r.options.drop_last = how & 0x40;
  r.options.pack_window = how & 0x80 ? 1 + fuzz_take_below(&in, 40) : 0;
  r.options.batch_size = 1 + fuzz_take_below(&in, 5);
  r.options.block_rows = fuzz_take_below(&in, 9);
  r.options.seed = fuzz_take_u8(&in);
  r.options.pad_id = PAD;
  r.options.mask_type = TENSOR_UINT8;
  r.options.with_documents = true;
  documents d = take_documents(&in, longest);
  r.documents = &d;
  if (d.count > 0 && d.tokens < PAD) check_packer(&d, columns * multiple, multiple, how & 1);
  if (d.tokens > 1 && d.tokens < PAD) check_loader(&r);
  free(d.ids);
  return fuzz_end();
}
