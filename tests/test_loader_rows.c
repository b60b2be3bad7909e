/* What the rows of a loader hold, of tokens, of documents, of any files. */
#include <headrace/headrace.h>

#include <string.h>

#include "support/loader.h"

TestSuite(loader_rows, .init = loader_begin, .fini = loader_end);

Test(loader_rows, batches_are_windows_with_shifted_targets) {
  batch_loader_options o = small_options();
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start_loader(dataset, &o);
  uint64_t at = 0, step = 0;
  for (Batch *batch; (batch = next_batch(loader)); batch_release(batch), step++) {
    cr_assert_eq(batch->batch_id, step);
    cr_assert(batch_validate(batch), "%s", batch_last_error()->message);
    for (size_t i = 0; i < batch->input.total_size; i++, at++) {
      bool there = at + 1 < TOKENS;
      cr_assert_eq(batch->mask.data[i], there);
      cr_assert_eq(batch->input.i32[i], there ? token_at(at) : 0);
      cr_assert_eq(batch->target.i32[i], there ? token_at(at + 1) : 0);
    }
  }
  cr_assert_eq(step, STEPS);
  cr_assert_eq(step, batch_loader_epoch_steps(loader));
  batch_loader_free(loader);
}

Test(loader_rows, every_element_type_holds_the_same_ids) {
  const batch_id_type types[] = {BATCH_IDS_FLOAT32, BATCH_IDS_INT32, BATCH_IDS_INT64, BATCH_IDS_UINT16};
  const tensor_type stored[] = {TENSOR_FLOAT32, TENSOR_INT32, TENSOR_INT64, TENSOR_UINT16};
  for (int t = 0; t < 4; t++) {
    batch_loader_options o = small_options();
    o.id_type = types[t];
    o.mask_type = t % 2 ? TENSOR_UINT8 : TENSOR_FLOAT32;
    o.shuffle = BATCH_SHUFFLE_NONE;
    BatchLoader *loader = start_loader(dataset, &o);
    Batch *batch = next_batch(loader);
    cr_assert(batch->input.dtype == stored[t] && batch->target.dtype == stored[t]);
    for (uint32_t row = 0; row < 4; row++)
      for (uint32_t i = 0; i < LENGTH; i++) {
        uint32_t at[2] = {row, i};
        cr_assert_eq((int32_t)tensor_get(&batch->input, at), token_at(row * LENGTH + i));
        cr_assert_eq((int32_t)tensor_get(&batch->target, at), token_at(row * LENGTH + i + 1));
        cr_assert_eq(tensor_get(&batch->mask, at), 1);
      }
    batch_release(batch);
    batch_loader_free(loader);
  }
}

/* The same stream in files of odd sizes and of different widths: rows that lie in several files. */
Test(loader_rows, files_of_any_size_and_width_give_the_same_rows) {
  batch_loader_options o = small_options();
  static noted_rows first;
  note_epoch(&first, dataset, &o);
  const uint32_t cuts[] = {0, 3, 4, 1000, 1005, 1006, 4000, TOKENS};
  enum { PARTS = sizeof cuts / sizeof *cuts - 1 };
  const char *paths[PARTS];
  for (int io = 0; io < 2; io++) {
    for (int p = 0; p < PARTS; p++) {
      char name[32];
      bytes b = {0};
      snprintf(name, sizeof name, "part%d.%s", p, p % 2 ? "npy" : "bin");
      if (p % 2) { /* a .npy file of u32 */
        char header[118];
        int used =
            snprintf(header, sizeof header, "{'descr': '<u4', 'fortran_order': False, 'shape': (%u,), }",
                     cuts[p + 1] - cuts[p]);
        memset(header + used, ' ', sizeof header - (size_t)used);
        header[sizeof header - 1] = '\n';
        put(&b, "\x93NUMPY\x01\x00", 8);
        put_u16(&b, sizeof header);
        put(&b, header, sizeof header);
      }
      for (uint32_t i = cuts[p]; i < cuts[p + 1]; i++) {
        if (p % 2)
          put_u32(&b, (uint32_t)token_at(i));
        else
          put_u16(&b, (uint16_t)token_at(i));
      }
      paths[p] = write_bytes(name, &b);
    }
    batch_dataset_options reading = BATCH_DATASET_OPTIONS_INIT;
    reading.io = (batch_io)io;
    BatchDataset *parts = batch_dataset_open(paths, PARTS, &reading);
    cr_assert_not_null(parts, "%s", batch_last_error()->message);
    noted_rows again = {{0}, {0}, 0};
    note_epoch(&again, parts, &o);
    assert_same_rows(&first, &again, "in parts");
    batch_dataset_free(parts);
  }
}

Test(loader_rows, documents_are_padded_or_packed_and_numbered) {
  BatchDataset *texts = open_dataset(write_text("d.jsonl", "{\"text\":\"abcdefghijklmnopqrstuvwxyz\"}\n"
                                                           "{\"text\":\"abc\"}\n{\"text\":\"12345678\"}\n"),
                                     NULL);
  batch_loader_options o = small_options();
  o.batch_size = 3;
  o.with_documents = true;
  o.shuffle = BATCH_SHUFFLE_NONE;
  o.packing = BATCH_PACK_DOCUMENTS;
  o.pad_id = 9;
  BatchLoader *loader = start_loader(texts, &o);
  Batch *batch = next_batch(loader);
  const int32_t *in = batch->input.i32, *out = batch->target.i32, *doc = batch->documents.i32,
                *pos = batch->positions.i32;
  cr_assert(in[0] == 'a' && out[15] == 'q' && doc[15] == 0 && pos[15] == 15);
  cr_assert(in[LENGTH + 1] == 'b' && out[LENGTH + 1] == 'c' && batch->mask.data[LENGTH + 1] == 1);
  cr_assert(in[LENGTH + 2] == 9 && out[LENGTH + 2] == 9 && batch->mask.data[LENGTH + 2] == 0 &&
            doc[LENGTH + 2] == -1);
  batch_release(batch);
  batch_loader_free(loader);
  o.packing = BATCH_PACK_BEST_FIT;
  loader = start_loader(texts, &o);
  cr_assert_eq(batch_loader_epoch_rows(loader), 3);
  uint32_t ones = 0, seconds = 0;
  batch = next_batch(loader);
  for (uint32_t i = 0; i < 3 * LENGTH; i++) {
    ones += batch->mask.data[i] != 0;
    seconds += batch->documents.i32[i] == 1;
    if (i % LENGTH && batch->documents.i32[i] != batch->documents.i32[i - 1])
      cr_assert_eq(batch->positions.i32[i], 0);
  }
  cr_assert_eq(ones, 25 + 2 + 7);
  cr_assert(seconds == 2 || seconds == 7, "one short document follows another or the rest of the long one");
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(texts);
}

/* Windows that reach over documents: each token knows its document of the row and its place there. */
Test(loader_rows, windows_number_the_documents_that_they_reach_into) {
  BatchDataset *documents = make_documents("d.ds", (const uint32_t[]){5, 0, 15, 1, 19}, 5);
  batch_loader_options o = small_options();
  o.with_documents = true;
  o.batch_size = 3;
  o.shuffle = BATCH_SHUFFLE_NONE;
  BatchLoader *loader = start_loader(documents, &o);
  Batch *batch = next_batch(loader);
  const int32_t *doc = batch->documents.i32, *pos = batch->positions.i32;
  cr_assert(doc[4] == 0 && pos[4] == 4 && doc[5] == 1 && pos[5] == 0 && doc[15] == 1 && pos[15] == 10);
  cr_assert(doc[16] == 0 && pos[16] == 0 && doc[19] == 0 && doc[20] == 1 && pos[20] == 0 && doc[21] == 2 &&
            pos[31] == 10);
  cr_assert(doc[32] == 0 && pos[38] == 6 && doc[39] == -1 && pos[39] == 0);
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(documents);
}
