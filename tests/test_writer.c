/* The writer: what it writes to the byte, and that what is read back is what was written. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(writer, .init = files_begin, .fini = files_end);

static BatchWriter *create(const char *path, const batch_writer_options *options) {
  BatchWriter *writer = batch_writer_create(path, options);
  cr_assert_not_null(writer, "%s", batch_last_error()->message);
  return writer;
}

static void finish(BatchWriter *writer) {
  cr_assert(batch_writer_finish(writer), "%s", batch_last_error()->message);
  batch_writer_free(writer);
}

/* Documents 1 2 | (empty) | 3 4 5 */
static void write_documents(BatchWriter *writer) {
  cr_assert(batch_writer_append(writer, (int32_t[]){1, 2}, 2));
  cr_assert(batch_writer_end_document(writer));
  cr_assert(batch_writer_end_document(writer));
  cr_assert(batch_writer_append(writer, (int32_t[]){3}, 1));
  cr_assert(batch_writer_append(writer, (int32_t[]){4, 5}, 2)); /* finish ends this document */
}

static void write_file(const char *path, batch_format format, batch_token_type type) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = format;
  options.token_type = type;
  BatchWriter *writer = create(path, &options);
  write_documents(writer);
  finish(writer);
}

static void assert_bytes(const char *path, bytes *expected) {
  bytes found = read_bytes(path);
  cr_assert_eq(found.used, expected->used, "%s has %zu bytes instead of %zu", path, found.used,
               expected->used);
  cr_assert_arr_eq(found.data, expected->data, found.used, "%s", path);
  free_bytes(&found);
  free_bytes(expected);
}

static void put_tokens(bytes *b, bool wide) {
  for (uint16_t id = 1; id <= 5; id++) {
    put_u16(b, id);
    if (wide) put_u16(b, 0);
  }
}

Test(writer, headerless_is_nothing_but_tokens) {
  bytes narrow = {0}, wide = {0};
  put_tokens(&narrow, false);
  put_tokens(&wide, true);
  write_file(path_of("a.bin"), BATCH_FORMAT_AUTO, BATCH_TOKEN_DEFAULT);
  assert_bytes(path_of("a.bin"), &narrow);
  write_file(path_of("b.bin"), BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32);
  assert_bytes(path_of("b.bin"), &wide);
  cr_assert_eq(files_count(), 3, "temporary files were left"); /* and b.bin.metadata */
}

/* The lines that datatrove's merger reads, and a stamp by which a reader knows other tokens. */
static void assert_metadata(const char *path, const char *lines) {
  bytes found = read_bytes(path);
  size_t length = strlen(lines);
  cr_assert_eq(found.used, length + strlen("headrace 0123456789abcdef\n"));
  cr_assert_arr_eq(found.data, lines, length, "%.*s", (int)found.used, (const char *)found.data);
  cr_assert_arr_eq(found.data + length, "headrace ", 9);
  free_bytes(&found);
}

Test(writer, metadata_tells_the_width_where_the_name_does_not) {
  static const struct {
    const char *name, *lines;
    batch_format format;
    batch_token_type type;
  } cases[] = {
      {"a.bin", NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16},
      {"b.bin", "Unknown Tokenizer|4\n5\n5.00 T\n", BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32},
      {"c.u32", NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32},
      {"d.u32.bin", NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_DEFAULT},
      {"e", "Unknown Tokenizer|2\n5\n5.00 T\n", BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16},
      {"f.ds", "Unknown Tokenizer|2\n5\n5.00 T\n", BATCH_FORMAT_DATATROVE, BATCH_TOKEN_U16},
      {"g.ds", "Unknown Tokenizer|4\n5\n5.00 T\n", BATCH_FORMAT_DATATROVE, BATCH_TOKEN_U32},
      {"h.bin", NULL, BATCH_FORMAT_MEGATRON, BATCH_TOKEN_I32},
      {"i.bin", NULL, BATCH_FORMAT_LLMC_LLAMA3, BATCH_TOKEN_U32},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char metadata[32];
    snprintf(metadata, sizeof metadata, "%s.metadata", cases[i].name);
    write_file(path_of(cases[i].name), cases[i].format, cases[i].type);
    if (cases[i].lines)
      assert_metadata(path_of(metadata), cases[i].lines);
    else
      cr_assert_eq(access(path_of(metadata), F_OK), -1, "%s is there", metadata);
    BatchDataset *dataset = open_dataset(path_of(cases[i].name), NULL);
    assert_tokens(dataset, (int32_t[]){1, 2, 3, 4, 5}, 5);
    batch_dataset_free(dataset);
  }
}

Test(writer, many_tokens_are_put_in_three_digits) {
  static int32_t ids[12345];
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_DATATROVE;
  BatchWriter *writer = create(path_of("a.ds"), &options);
  cr_assert(batch_writer_append(writer, ids, 12345));
  finish(writer);
  assert_metadata(path_of("a.ds.metadata"), "Unknown Tokenizer|2\n12345\n12.3 kT\n");
}

/* The tokens of another run under the same name are noticed by the stamp. */
Test(writer, tokens_that_were_exchanged_beside_their_metadata_are_refused) {
  bytes others = {0};
  write_file(path_of("a.bin"), BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32);
  for (uint32_t id = 6; id > 1; id--) put_u32(&others, id);
  write_bytes("a.bin", &others);
  assert_not_opened(path_of("a.bin"), NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "stamp");
}

Test(writer, a_name_that_says_another_type_is_refused) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.vocab_size = 100000;
  assert_refused(!batch_writer_create(path_of("a.u16"), &options), BATCH_ERROR_INVALID_ARGUMENT, "a.u16",
                 "u16", "u32");
  assert_refused(!batch_writer_create(path_of("a.u16.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "a.u16.bin", "u32");
  assert_refused(!batch_writer_create(path_of("a.i32"), &options), BATCH_ERROR_INVALID_ARGUMENT, "a.i32",
                 "u32");
  options.format = BATCH_FORMAT_LLMC_LLAMA3;
  assert_refused(!batch_writer_create(path_of("a.u16.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "a.u16.bin", "u32");
  options = (batch_writer_options)BATCH_WRITER_OPTIONS_INIT;
  options.token_type = BATCH_TOKEN_U16;
  assert_refused(!batch_writer_create(path_of("a.u32"), &options), BATCH_ERROR_INVALID_ARGUMENT, "a.u32",
                 "u16");
  cr_assert_eq(files_count(), 0);
}

Test(writer, a_name_that_is_read_as_another_format_is_refused) {
  static const char *const names[] = {"a.txt",      "a.md",       "a.jsonl",   "a.ndjson",
                                      "a.npy",      "a.idx",      "a.zst",     "a.jsonl.zst",
                                      "a.metadata", "a.ds.index", "a.bin.loss"};
  static const batch_format formats[] = {BATCH_FORMAT_HEADERLESS, BATCH_FORMAT_LLMC_GPT2};
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    for (int k = 0; k < 2; k++) {
      options.format = formats[k];
      assert_refused(!batch_writer_create(path_of(names[i]), &options), BATCH_ERROR_INVALID_ARGUMENT,
                     names[i], ".bin");
    }
  assert_refused(!batch_writer_create("-", NULL), BATCH_ERROR_INVALID_ARGUMENT, "standard output");
  cr_assert_eq(files_count(), 0);
}

Test(writer, what_it_will_replace_is_no_input) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  static const char *const owned[] = {"a.bin", "a_000007.bin", "a.idx", "a_000001.bin.metadata"};
  write_file(path_of("other.bin"), BATCH_FORMAT_AUTO, BATCH_TOKEN_DEFAULT);
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) write_data(owned[i], "tokens", 6);
  options.overwrite = true;
  BatchWriter *writer = create(path_of("a.bin"), &options);
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    assert_refused(!batch_writer_check_input(writer, path_of(owned[i])), BATCH_ERROR_INVALID_ARGUMENT,
                   owned[i], "would be replaced");
  cr_assert_eq(symlink("a.bin", path_of("link.bin")), 0);
  assert_refused(!batch_writer_check_input(writer, path_of("link.bin")), BATCH_ERROR_INVALID_ARGUMENT,
                 "link.bin");
  assert_refused(!batch_writer_check_input(writer, path_of("gone.bin")), BATCH_ERROR_IO, "gone.bin");
  cr_assert(batch_writer_check_input(writer, path_of("other.bin")));
  batch_writer_free(writer);
  writer = create(path_of("b.bin"), NULL);
  cr_assert(batch_writer_check_input(writer, path_of("a.bin")), "a run that replaces nothing reads all");
  batch_writer_free(writer);
}

Test(writer, shards_of_a_name_with_a_type_keep_it) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.shard_tokens = 2;
  BatchWriter *writer = create(path_of("a.u32.bin"), &options);
  write_documents(writer);
  finish(writer);
  cr_assert_eq(access(path_of("a_000002.u32.bin"), F_OK), 0);
  cr_assert_eq(files_count(), 2);
}

/* A document that the format cannot hold is refused when it comes, not when its index is written. */
Test(writer, shards_that_llmc_cannot_hold_are_refused_before_the_work) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_LLMC_GPT2;
  options.shard_tokens = UINT64_C(1) << 31;
  assert_refused(!batch_writer_create(path_of("a.bin"), &options), BATCH_ERROR_INVALID_ARGUMENT,
                 "shard_tokens", "2147483648", "2147483647");
}

Test(writer, llmc_shards_have_their_header) {
  for (int llama = 0; llama < 2; llama++) {
    bytes expected = {0};
    put_u32(&expected, llama ? 20240801 : 20240520);
    put_u32(&expected, llama ? 7 : 1);
    put_u32(&expected, 5);
    put_zeros(&expected, 1024 - 12);
    put_tokens(&expected, llama);
    const char *path = path_of(llama ? "llama.bin" : "gpt.bin");
    write_file(path, llama ? BATCH_FORMAT_LLMC_LLAMA3 : BATCH_FORMAT_LLMC_GPT2, BATCH_TOKEN_DEFAULT);
    assert_bytes(path, &expected);
  }
}

/* What numpy.save writes for np.array([1, 2, 3, 4, 5], dtype='<u4'). */
Test(writer, npy_is_what_numpy_writes) {
  char header[129];
  bytes expected = {0};
  snprintf(header, sizeof header, "%-127s\n",
           "\x93NUMPY\1_v_{'descr': '<u4', 'fortran_order': False, 'shape': (5,), }");
  header[7] = header[9] = 0;
  put(&expected, header, 128);
  put_tokens(&expected, true);
  write_file(path_of("a"), BATCH_FORMAT_NPY, BATCH_TOKEN_U32);
  assert_bytes(path_of("a.npy"), &expected);
}

Test(writer, megatron_has_one_sequence_a_document) {
  bytes tokens = {0}, index = {0};
  put_tokens(&tokens, false);
  put(&index, "MMIDIDX\0\0", 9);
  put_u64(&index, 1);
  put_u8(&index, 8);
  put_u64(&index, 3);
  put_u64(&index, 4);
  for (int i = 0; i < 3; i++) put_u32(&index, (uint32_t[]){2, 0, 3}[i]);
  for (int i = 0; i < 3; i++) put_u64(&index, (uint64_t[]){0, 4, 4}[i]);
  for (uint64_t i = 0; i < 4; i++) put_u64(&index, i);
  write_file(path_of("a.idx"), BATCH_FORMAT_MEGATRON, BATCH_TOKEN_DEFAULT);
  assert_bytes(path_of("a.bin"), &tokens);
  assert_bytes(path_of("a.idx"), &index);
  cr_assert_eq(files_count(), 2);
}

Test(writer, datatrove_has_the_ends_beside_it) {
  bytes tokens = {0}, index = {0};
  put_tokens(&tokens, false);
  for (int i = 0; i < 3; i++) put_u64(&index, (uint64_t[]){2, 2, 5}[i]);
  write_file(path_of("a"), BATCH_FORMAT_DATATROVE, BATCH_TOKEN_DEFAULT); /* .ds is put behind it */
  assert_bytes(path_of("a.ds"), &tokens);
  assert_bytes(path_of("a.ds.index"), &index);
  cr_assert_eq(files_count(), 3); /* and a.ds.metadata */
}

/* The writer reads its file back, is refused, and gives it a companion that says what it is. */
Test(writer, a_success_leaves_an_older_error_standing) {
  const int32_t npy[] = {0x4E93, 0x4D55, 0x5950, 0x0001, 0x7878, 0x7878};
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.shard_tokens = 1;
  for (int older = 0; older < 2; older++) {
    BatchWriter *writer = batch_writer_create(path_of(older ? "a.bin" : "b.bin"), &options);
    cr_assert_not_null(writer);
    batch_clear_error();
    if (older) batch_assign_to_group(NULL, 1);
    for (int i = 0; i < 2; i++) {
      cr_assert(batch_writer_append(writer, npy, 6) && batch_writer_end_document(writer));
      cr_assert_str_eq(batch_last_error()->message, older ? "batch_assign_to_group: batch is NULL" : "");
    }
    cr_assert(batch_writer_finish(writer));
    cr_assert_str_eq(batch_last_error()->message, older ? "batch_assign_to_group: batch is NULL" : "");
    cr_assert_eq(batch_last_error()->code, older ? BATCH_ERROR_INVALID_ARGUMENT : BATCH_OK);
    batch_writer_free(writer);
  }
  cr_assert_eq(files_count(), 8); /* two shards of each, and their companions */
}

Test(writer, every_format_and_type_is_read_back) {
  static const struct {
    batch_format format;
    batch_token_type type;
  } kinds[] = {{BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16},  {BATCH_FORMAT_DATATROVE, BATCH_TOKEN_U16},
               {BATCH_FORMAT_DATATROVE, BATCH_TOKEN_U32},   {BATCH_FORMAT_LLMC_GPT2, BATCH_TOKEN_U16},
               {BATCH_FORMAT_LLMC_LLAMA3, BATCH_TOKEN_U32}, {BATCH_FORMAT_MEGATRON, BATCH_TOKEN_U8},
               {BATCH_FORMAT_MEGATRON, BATCH_TOKEN_I8},     {BATCH_FORMAT_MEGATRON, BATCH_TOKEN_U16},
               {BATCH_FORMAT_MEGATRON, BATCH_TOKEN_I16},    {BATCH_FORMAT_MEGATRON, BATCH_TOKEN_I32},
               {BATCH_FORMAT_MEGATRON, BATCH_TOKEN_I64},    {BATCH_FORMAT_NPY, BATCH_TOKEN_U8},
               {BATCH_FORMAT_NPY, BATCH_TOKEN_I8},          {BATCH_FORMAT_NPY, BATCH_TOKEN_U16},
               {BATCH_FORMAT_NPY, BATCH_TOKEN_I16},         {BATCH_FORMAT_NPY, BATCH_TOKEN_U32},
               {BATCH_FORMAT_NPY, BATCH_TOKEN_I32},         {BATCH_FORMAT_NPY, BATCH_TOKEN_I64}};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    char name[32];
    snprintf(name, sizeof name, "%zu.%s", i,
             kinds[i].format == BATCH_FORMAT_DATATROVE ? "ds"
             : kinds[i].format == BATCH_FORMAT_NPY     ? "npy"
                                                       : "bin");
    write_file(path_of(name), kinds[i].format, kinds[i].type);
    BatchDataset *dataset = open_dataset(path_of(name), NULL);
    batch_dataset_file info = BATCH_DATASET_FILE_INIT;
    assert_tokens(dataset, (int32_t[]){1, 2, 3, 4, 5}, 5);
    cr_assert(batch_dataset_get_file(dataset, 0, &info));
    cr_assert_eq(info.format, kinds[i].format);
    cr_assert_eq(info.token_type, kinds[i].type);
    if (info.documents) assert_documents(dataset, (uint64_t[]){0, 2, 2, 5}, 3);
    batch_dataset_free(dataset);
  }
}

Test(writer, shards_begin_with_a_document) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_MEGATRON;
  options.shard_tokens = 5;
  BatchWriter *writer = create(path_of("t.bin"), &options);
  for (uint32_t i = 0; i < 7; i++) { /* seven documents of three tokens: shards of 6, 6, 6, 3 */
    cr_assert(batch_writer_append(writer, (int32_t[]){i, i, i}, 3));
    cr_assert(batch_writer_end_document(writer));
  }
  cr_assert_eq(batch_writer_files(writer), 3);
  cr_assert(batch_writer_finish(writer));
  cr_assert_eq(batch_writer_files(writer), 4);
  cr_assert_eq(batch_writer_tokens(writer), 21);
  cr_assert_eq(batch_writer_documents(writer), 7);
  batch_writer_free(writer);
  cr_assert_eq(files_count(), 8);
  BatchDataset *dataset = open_dataset(path_of("t_00000?.bin"), NULL);
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  cr_assert_eq(batch_dataset_files(dataset), 4);
  cr_assert(batch_dataset_get_file(dataset, 3, &info));
  cr_assert_eq(info.tokens, 3);
  assert_documents(dataset, (uint64_t[]){0, 3, 6, 9, 12, 15, 18, 21}, 7);
  batch_dataset_free(dataset);
}

Test(writer, the_type_follows_the_vocabulary) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  static const struct {
    batch_format format;
    uint32_t vocab_size;
    batch_token_type type;
  } cases[] = {
      {BATCH_FORMAT_HEADERLESS, 65536, BATCH_TOKEN_U16}, {BATCH_FORMAT_HEADERLESS, 65537, BATCH_TOKEN_U32},
      {BATCH_FORMAT_MEGATRON, 65536, BATCH_TOKEN_U16},   {BATCH_FORMAT_MEGATRON, 65537, BATCH_TOKEN_I32},
      {BATCH_FORMAT_LLMC_LLAMA3, 10, BATCH_TOKEN_U32},   {BATCH_FORMAT_NPY, 65536, BATCH_TOKEN_U16},
      {BATCH_FORMAT_NPY, 65537, BATCH_TOKEN_U32}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    options.format = cases[i].format;
    options.vocab_size = cases[i].vocab_size;
    BatchWriter *writer = create(path_of("a.bin"), &options);
    cr_assert_eq(batch_writer_token_type(writer), cases[i].type);
    batch_writer_free(writer);
  }
  cr_assert_eq(files_count(), 0, "an unfinished writer leaves nothing");
}

Test(writer, a_vocabulary_that_does_not_fit_is_refused) {
  const char *path = path_of("a.bin");
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.vocab_size = 65537;
  options.token_type = BATCH_TOKEN_U16;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "vocab_size", "65537",
                 "65536", "u16");
  options.token_type = BATCH_TOKEN_DEFAULT;
  options.format = BATCH_FORMAT_LLMC_GPT2;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "vocab_size", "65537",
                 "GPT-2");
}

Test(writer, what_a_format_lacks_is_refused) {
  const char *path = path_of("a.bin");
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_TEXT;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "format", "text");
  options.format = (batch_format)-5;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "format", "-5");
  options.format = BATCH_FORMAT_MEGATRON;
  options.token_type = BATCH_TOKEN_U32;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "token_type", "u32",
                 "Megatron");
  options.token_type = (batch_token_type)99;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "token_type is 99 (?)");
  assert_refused(!batch_writer_create(NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT, "path", "NULL");
  assert_refused(!batch_writer_create("", NULL), BATCH_ERROR_INVALID_ARGUMENT, "path", "empty");
}

/* After a failure the writer says the same again, and what it began is gone. */
Test(writer, ids_that_do_not_fit_are_refused_and_nothing_is_left) {
  const char *path = path_of("a.bin");
  BatchWriter *writer = create(path, NULL);
  cr_assert(batch_writer_append(writer, (int32_t[]){65535}, 1));
  assert_refused(!batch_writer_append(writer, (int32_t[]){1, 65536, 2}, 3), BATCH_ERROR_OUT_OF_RANGE, path,
                 "65536", "65535", "u16");
  assert_refused(!batch_writer_append(writer, (int32_t[]){1}, 1), BATCH_ERROR_OUT_OF_RANGE, path, "65536");
  assert_refused(!batch_writer_end_document(writer), BATCH_ERROR_OUT_OF_RANGE, path, "65536");
  assert_refused(!batch_writer_finish(writer), BATCH_ERROR_OUT_OF_RANGE, path, "65536");
  cr_assert_eq(files_count(), 0);
  batch_writer_free(writer);
}

Test(writer, ids_are_from_0_to_2_31_whatever_the_type) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.token_type = BATCH_TOKEN_U32;
  options.vocab_size = 1u << 31;
  const char *path = path_of("a.u32");
  BatchWriter *writer = create(path, &options);
  cr_assert(batch_writer_append(writer, (int32_t[]){INT32_MAX}, 1));
  assert_refused(!batch_writer_append(writer, (int32_t[]){1, -3, 2}, 3), BATCH_ERROR_OUT_OF_RANGE, path,
                 "found id -3, expected 0 to 2147483647");
  batch_writer_free(writer);
  options.vocab_size++;
  assert_refused(!batch_writer_create(path, &options), BATCH_ERROR_INVALID_ARGUMENT, "vocab_size",
                 "2147483649", "2147483648");
}

Test(writer, signed_types_hold_half) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_MEGATRON;
  options.token_type = BATCH_TOKEN_I16;
  BatchWriter *writer = create(path_of("a.bin"), &options);
  cr_assert(batch_writer_append(writer, (int32_t[]){32767}, 1));
  assert_refused(!batch_writer_append(writer, (int32_t[]){32768}, 1), BATCH_ERROR_OUT_OF_RANGE, "32768",
                 "i16");
  batch_writer_free(writer);
}

Test(writer, a_finished_writer_takes_nothing_more) {
  BatchWriter *writer = create(path_of("a.bin"), NULL);
  cr_assert(batch_writer_finish(writer));
  assert_refused(!batch_writer_append(writer, (int32_t[]){1}, 1), BATCH_ERROR_INVALID_ARGUMENT,
                 "batch_writer_append", "finished");
  assert_refused(!batch_writer_end_document(writer), BATCH_ERROR_INVALID_ARGUMENT, "finished");
  assert_refused(!batch_writer_finish(writer), BATCH_ERROR_INVALID_ARGUMENT, "finished");
  batch_writer_free(writer);
  batch_writer_free(NULL);
  assert_refused(!batch_writer_append(NULL, NULL, 0), BATCH_ERROR_INVALID_ARGUMENT, "writer", "NULL");
}

Test(writer, files_that_exist_are_kept_unless_overwriting_is_asked_for) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  const char *path = write_text("a.bin", "precious");
  bytes precious = {0}, tokens = {0};
  put_text(&precious, "precious");
  put_tokens(&tokens, false);
  assert_refused(!batch_writer_create(path, NULL), BATCH_ERROR_IO, path, "exists");
  assert_bytes(path, &precious);
  options.overwrite = true;
  BatchWriter *writer = create(path, &options);
  write_documents(writer);
  finish(writer);
  assert_bytes(path, &tokens);
  cr_assert_eq(files_count(), 1);
}

Test(writer, a_file_that_appears_meanwhile_is_kept) {
  bytes precious = {0};
  put_text(&precious, "precious");
  const char *path = path_of("a.bin");
  BatchWriter *writer = create(path, NULL);
  write_documents(writer);
  write_text("a.bin", "precious");
  assert_refused(!batch_writer_finish(writer), BATCH_ERROR_IO, path, "exists");
  batch_writer_free(writer);
  assert_bytes(path, &precious);
  cr_assert_eq(files_count(), 1);
}

Test(writer, overwriting_a_pair_replaces_both) {
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_MEGATRON;
  options.overwrite = true;
  for (int round = 0; round < 2; round++) {
    BatchWriter *writer = create(path_of("a.bin"), &options);
    if (round == 0)
      cr_assert(batch_writer_append(writer, (int32_t[]){9}, 1));
    else
      write_documents(writer);
    finish(writer);
  }
  BatchDataset *dataset = open_dataset(path_of("a.idx"), NULL);
  assert_tokens(dataset, (int32_t[]){1, 2, 3, 4, 5}, 5);
  batch_dataset_free(dataset);
}

Test(writer, a_directory_that_is_not_there_is_named) {
  const char *path = path_of("nowhere/a.bin");
  assert_refused(!batch_writer_create(path, NULL), BATCH_ERROR_IO, path, "No such file");
}

Test(writer, text_becomes_the_shard_that_the_text_as_a_dataset_is) {
  batch_dataset_options text = BATCH_DATASET_OPTIONS_INIT;
  text.separator = BATCH_SEPARATOR_BEFORE;
  text.end_of_text = 256;
  const char *inputs[] = {write_text("a.txt", "first text\n"),
                          write_text("b.jsonl", "{\"text\":\"second\"}\n{\"text\":\"\"}\n")};
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_MEGATRON;
  BatchWriter *writer = create(path_of("out.bin"), &options);
  cr_assert_eq(batch_tokenize_files(inputs, 2, &text, writer, NULL, NULL), BATCH_OK, "%s",
               batch_last_error()->message);
  finish(writer);
  BatchDataset *written = open_dataset(path_of("out.bin"), NULL),
               *direct = batch_dataset_open(inputs, 2, &text);
  cr_assert_eq(batch_dataset_tokens(written), 20);
  cr_assert_eq(fingerprint_of(written), fingerprint_of(direct));
  assert_documents(written, (uint64_t[]){0, 12, 19, 20}, 3);
  assert_documents(direct, (uint64_t[]){0, 12, 19, 20}, 3);
  batch_dataset_free(written);
  batch_dataset_free(direct);
}

static bool count_calls(void *context, const batch_tokenize_progress *progress) {
  unsigned *calls = context;
  cr_assert(progress->bytes <= progress->total_bytes);
  cr_assert_eq(progress->total_bytes, 26);
  return ++*calls < 2;
}

Test(writer, the_callback_sees_the_progress_and_may_stop) {
  unsigned calls = 0;
  const char *input = write_text("b.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  BatchWriter *writer = create(path_of("out.bin"), NULL);
  cr_assert_eq(batch_tokenize_files(&input, 1, NULL, writer, count_calls, &calls), BATCH_CLOSED);
  cr_assert_eq(calls, 2);
  batch_writer_free(writer);
  cr_assert_eq(files_count(), 1);
}

static bool stop_inside(void *context, const batch_tokenize_progress *progress) {
  unsigned *calls = context;
  return progress->tokens == 0 || ++*calls == 0;
}

/* Else its beginning and the next document would be one. */
Test(writer, half_a_document_ends_the_writer) {
  size_t size = 1 << 20;
  char *text = malloc(size + 1);
  memset(text, 'a', size);
  text[size] = 0;
  const char *inputs[] = {write_text("a.txt", text), write_text("b.txt", "b")};
  free(text);
  batch_writer_options options = BATCH_WRITER_OPTIONS_INIT;
  options.format = BATCH_FORMAT_MEGATRON;
  unsigned calls = 0;
  BatchWriter *writer = create(path_of("out.bin"), &options);
  cr_assert_eq(batch_tokenize_files(&inputs[0], 1, NULL, writer, stop_inside, &calls), BATCH_CLOSED);
  cr_assert_eq(calls, 1);
  assert_refused(batch_tokenize_files(&inputs[1], 1, NULL, writer, NULL, NULL) == BATCH_CLOSED, BATCH_CLOSED,
                 "stopped by the caller", inputs[0]);
  assert_refused(!batch_writer_finish(writer), BATCH_CLOSED, "stopped by the caller");
  batch_writer_free(writer);
  cr_assert_eq(files_count(), 2, "something was left");
}

static bool stop_after_one(void *context, const batch_tokenize_progress *progress) {
  (void)context;
  return progress->documents == 0;
}

/* After a whole one the caller may go on. */
Test(writer, a_stop_between_documents_does_not) {
  const char *input = write_text("b.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
  BatchWriter *writer = create(path_of("out.bin"), NULL);
  cr_assert_eq(batch_tokenize_files(&input, 1, NULL, writer, stop_after_one, NULL), BATCH_CLOSED);
  finish(writer);
  BatchDataset *dataset = open_dataset(path_of("out.bin"), NULL);
  assert_tokens(dataset, (int32_t[]){'a'}, 1); /* the callback comes after every document */
  batch_dataset_free(dataset);
}

Test(writer, a_change_of_the_working_directory_is_nothing_to_it) {
  char before[512];
  cr_assert_not_null(getcwd(before, sizeof before));
  cr_assert_eq(chdir(path_of("")), 0);
  BatchWriter *writer = create("out.bin", NULL);
  cr_assert_eq(chdir("/"), 0);
  cr_assert(batch_writer_append(writer, (int32_t[]){1, 2, 3}, 3));
  finish(writer);
  cr_assert_eq(chdir(before), 0);
  cr_assert_eq(files_count(), 1);
}

Test(writer, what_is_not_text_is_refused_before_anything_is_read) {
  const char *inputs[] = {write_text("a.txt", "text"), write_data("b.npy", "\x93NUMPY", 6)};
  BatchWriter *writer = create(path_of("out.bin"), NULL);
  assert_refused(batch_tokenize_files(inputs, 2, NULL, writer, NULL, NULL) == BATCH_ERROR_FORMAT,
                 BATCH_ERROR_FORMAT, inputs[1], "npy", "text");
  cr_assert_eq(batch_writer_tokens(writer), 0);
  assert_refused(batch_tokenize_files(inputs, 2, NULL, NULL, NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "writer");
  assert_refused(batch_tokenize_files(inputs, 0, NULL, writer, NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "n is 0");
  assert_refused(batch_tokenize_files(NULL, 1, NULL, writer, NULL, NULL), BATCH_ERROR_INVALID_ARGUMENT,
                 "paths");
  batch_writer_free(writer);
}
