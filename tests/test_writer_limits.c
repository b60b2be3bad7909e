/* What a format cannot hold is an error when it comes. The counts are set, not written: 2^31 tokens are 8 GB. */
#include "dataset/writer/shard.h"

#include "support/dataset_check.h"
#include "support/files.h"

TestSuite(writer_limits, .init = files_begin, .fini = files_end);

static output_names names;
static staging place;
static shard begun;

static void begin(const char *name, batch_format format, batch_token_type type) {
  cr_assert(output_names_settle(&names, path_of(name), format) && staging_open(&place, &names, false) &&
                shard_open(&begun, &place, names.name, format, type),
            "%s", batch_last_error()->message);
}

static void end(void) {
  shard_close(&begun);
  staging_close(&place);
  output_names_free(&names);
}

static const int32_t ids[] = {1, 2};

Test(writer_limits, a_document_of_a_megatron_file) {
  begin("a.bin", BATCH_FORMAT_MEGATRON, BATCH_TOKEN_U16);
  begun.token_count = INT32_MAX;
  assert_refused(!shard_tokens(&begun, ids, NULL, 1), BATCH_ERROR_OVERFLOW, "a.bin", "2147483647",
                 "document 0");
  cr_assert(shard_end_document(&begun));
  cr_assert(shard_tokens(&begun, ids, NULL, 2), "%s", batch_last_error()->message);
  begun.token_count += INT32_MAX - 3;
  assert_refused(!shard_tokens(&begun, ids, NULL, 2), BATCH_ERROR_OVERFLOW, "document 1");
  cr_assert(shard_tokens(&begun, ids, NULL, 1), "%s", batch_last_error()->message);
  end();
}

Test(writer_limits, a_shard_of_llmc) {
  begin("a.bin", BATCH_FORMAT_LLMC_GPT2, BATCH_TOKEN_U16);
  begun.token_count = INT32_MAX - 1;
  assert_refused(!shard_tokens(&begun, ids, NULL, 2), BATCH_ERROR_OVERFLOW, "a.bin", "2147483647", "several");
  cr_assert(shard_tokens(&begun, ids, NULL, 1), "%s", batch_last_error()->message);
  end();
}

Test(writer_limits, datatrove_has_none) {
  begin("a.ds", BATCH_FORMAT_DATATROVE, BATCH_TOKEN_U16);
  begun.token_count = INT32_MAX;
  cr_assert(shard_tokens(&begun, ids, NULL, 2), "%s", batch_last_error()->message);
  end();
}
