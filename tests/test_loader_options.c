/* Options that cannot be meant are refused by name, and sentences name what was called. */
#include <headrace/headrace.h>

#include <string.h>

#include "support/loader.h"

TestSuite(loader_options, .init = loader_begin, .fini = loader_end);

Test(loader_options, refuses_bad_options_by_name) {
  batch_loader_options good = small_options(), o;
  assert_loader_refused(good, batch_size, 0, "batch_size");
  assert_loader_refused(good, sequence_length, 0, "sequence_length");
  assert_loader_refused(good, id_type, (batch_id_type)4, "id_type is 4");
  assert_loader_refused(good, mask_type, TENSOR_INT32, "mask_type is 2 (int32)");
  assert_loader_refused(good, mask_type, (tensor_type)77, "mask_type is 77 (?)");
  assert_loader_refused(good, pad_id, 1000, "pad_id is 1000, expected 0 to 999");
  assert_loader_refused(good, pad_id, -1, "pad_id is -1, expected 0 to 999");
  assert_loader_refused(good, rank, 1, "rank", "world");
  assert_loader_refused(good, workers, 100000, "workers");
  assert_loader_refused(good, shuffle, (batch_shuffle)9, "shuffle");
  assert_loader_refused(good, packing, BATCH_PACK_BEST_FIT, "document");
  assert_loader_refused(good, packing, (batch_packing)9, "packing is 9");
  assert_loader_refused(good, faults, (batch_faults)9, "faults is 9");
  assert_loader_refused(good, num_transforms, 1, "transforms");
  o = good;
  o.id_type = BATCH_IDS_FLOAT32;
  o.vocab_size = 1u << 25;
  assert_refused(!batch_loader_create(dataset, &o), BATCH_ERROR_INVALID_ARGUMENT, "vocab_size", "float32");
  assert_refused(!batch_loader_create(NULL, &good), BATCH_ERROR_INVALID_ARGUMENT, "dataset");
  assert_refused(!batch_loader_create(dataset, NULL), BATCH_ERROR_INVALID_ARGUMENT, "options");
  assert_refused(!batch_loader_next(NULL), BATCH_ERROR_INVALID_ARGUMENT, "loader");
  batch_loader_free(NULL);
  batch_loader_close(NULL);
}

Test(loader_options, a_sentence_names_the_function_that_was_called_and_what_the_user_named) {
  BatchDataset *short_one = open_dataset(write_text("one.txt", "a"), NULL);
  batch_loader_options o = small_options();
  batch_loader_source mix[2] = {{dataset, 1}, {short_one, 1}};
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create_mixed: /", "one.txt: 1 token,", "expected 2");
  assert_refused(!batch_loader_create(short_one, &o), BATCH_ERROR_INVALID_ARGUMENT, "batch_loader_create: /",
                 "one.txt");
  mix[1] = (batch_loader_source){dataset, 1e-9};
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "t.bin: its weight is 1e-09 of 1", "1048576");
  mix[0].weight = mix[1].weight = 1e308;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "sum of the weights is inf");
  mix[0].weight = 1;
  mix[1].weight = -1;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "t.bin: its weight is -1");
  mix[1].dataset = NULL;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "sources[1].dataset is NULL");
  assert_refused(!batch_loader_create_mixed(mix, 0, &o), BATCH_ERROR_INVALID_ARGUMENT, "n is 0");
  o.batch_size = UINT32_MAX, o.sequence_length = INT32_MAX;
  assert_refused(!batch_loader_create_mixed(mix, 1, &o), BATCH_ERROR_OVERFLOW, "batch_loader_create_mixed: ");
  cr_assert_null(strstr(batch_last_error()->message, "batch_pool"), "%s", batch_last_error()->message);
  o = small_options();
  o.steps = 1;
  BatchLoader *loader = start_loader(dataset, &o);
  Batch *batch = next_batch(loader);
  assert_refused(!batch_loader_next(loader), BATCH_END, "batch_loader_next: ");
  cr_assert_eq(batch_loader_next_until(loader, &(Batch *){NULL}, BATCH_NO_WAIT), BATCH_END);
  assert_error(BATCH_END, "batch_loader_next_until: ");
  batch_release(batch);
  batch_loader_free(loader);
  batch_dataset_free(short_one);
}

Test(loader_options, documents_of_one_token_at_most_are_no_rows) {
  static const uint32_t lengths[] = {1, 0, 1};
  BatchDataset *rowless = make_documents("rowless.ds", lengths, 3);
  batch_loader_options o = small_options();
  o.packing = BATCH_PACK_DOCUMENTS;
  assert_refused(!batch_loader_create(rowless, &o), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_loader_create: ", "rowless.ds", "no document has 2 tokens");
  batch_dataset_free(rowless);
}

/* Nothing of it is read. */
static BatchDataset *imagined(uint64_t tokens) {
  static const uint8_t one;
  batch_memory memory = BATCH_MEMORY_INIT;
  memory.tokens = &one;
  memory.count = tokens;
  memory.token_type = BATCH_TOKEN_U8;
  memory.document_ends = &tokens;
  memory.documents = 1;
  return batch_dataset_from_memory(&memory, NULL);
}

Test(loader_options, refuses_more_rows_and_tokens_than_an_order_can_have) {
  if (SIZE_MAX < UINT64_MAX) cr_skip("no memory has so many here");
  batch_loader_options o = small_options();
  BatchDataset *rows = imagined((uint64_t)1 << 60), *tokens = imagined((uint64_t)1 << 62);
  batch_loader_source mix[2] = {{rows, 1}, {rows, 1}};
  cr_assert(rows && tokens, "%s", batch_last_error()->message);
  assert_refused(!batch_loader_create(rows, &o), BATCH_ERROR_OVERFLOW, "batch_loader_create: ", "2^48 rows");
  o.packing = BATCH_PACK_BEST_FIT;
  assert_refused(!batch_loader_create_mixed(mix, 2, &o), BATCH_ERROR_OVERFLOW,
                 "batch_loader_create_mixed: ", "2^48 rows");
  assert_refused(!batch_loader_create(tokens, &o), BATCH_ERROR_OVERFLOW,
                 "batch_loader_create: ", "2^62 tokens");
  batch_dataset_free(rows), batch_dataset_free(tokens);
}

/* An epoch's number has 32 bits in a batch: there is no later one. */
Test(loader_options, endless_ends_with_the_last_epoch_that_a_batch_can_number) {
  BatchDataset *one_row = make_tokens("one.bin", LENGTH + 1);
  batch_loader_options o = small_options();
  o.epochs = BATCH_LOADER_ENDLESS;
  BatchLoader *loader = start_loader(one_row, &o);
  Batch *last = batch_loader_replay(loader, UINT32_MAX - 1, 0);
  cr_assert_not_null(last, "%s", batch_last_error()->message);
  cr_assert_eq(last->epoch_id, UINT32_MAX - 1);
  batch_release(last);
  assert_refused(!batch_loader_replay(loader, UINT32_MAX, 0), BATCH_ERROR_OUT_OF_RANGE, "batch_loader_replay",
                 "epoch");
  batch_loader_free(loader);
  batch_dataset_free(one_row);
}
