/* Every format of tokens, made byte by byte, and each kind of wrong file. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(dataset_formats, .init = files_begin, .fini = files_end);

/* The tokens that every format must give, in three documents: 3, 0 and 4 tokens. */
enum { TOKENS = 7 };
static const int32_t tokens[TOKENS] = {11, 22, 33, 44, 55, 66, 77};
static const uint64_t bounds[] = {0, 3, 3, 7};

static void put_token(bytes *b, size_t width, int32_t id) {
  if (width == 1) put_u8(b, (uint8_t)id);
  if (width == 2) put_u16(b, (uint16_t)id);
  if (width == 4) put_u32(b, (uint32_t)id);
  if (width == 8) put_u64(b, (uint64_t)id);
}

static bytes stored(size_t width) {
  bytes b = {0};
  for (size_t i = 0; i < TOKENS; i++) put_token(&b, width, tokens[i]);
  return b;
}

static const char *write_tokens(const char *name, size_t width) {
  bytes b = stored(width);
  return write_bytes(name, &b);
}

static void assert_same(const char *path, const batch_dataset_options *options, batch_format format,
                        batch_token_type type) {
  batch_dataset_file info = BATCH_DATASET_FILE_INIT;
  BatchDataset *dataset = open_dataset(path, options);
  assert_tokens(dataset, tokens, TOKENS);
  cr_assert(batch_dataset_get_file(dataset, 0, &info));
  cr_assert_eq(info.format, format, "%s", batch_format_name(info.format));
  cr_assert_eq(info.token_type, type, "%s", batch_token_type_name(info.token_type));
  batch_dataset_free(dataset);
}

static batch_dataset_options as_format(batch_format format) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.format = format;
  return options;
}

Test(dataset_formats, headerless_is_u16_unless_said_otherwise) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  assert_same(write_tokens("a.bin", 2), NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16);
  assert_same(write_tokens("a.u32", 4), NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32);
  options.token_type = BATCH_TOKEN_U32;
  assert_same(write_tokens("b.bin", 4), &options, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32);
  options.format = BATCH_FORMAT_HEADERLESS;
  assert_same(write_tokens("any name", 4), &options, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U32);
}

Test(dataset_formats, headerless_that_ends_inside_a_token_is_refused) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.token_type = BATCH_TOKEN_U32;
  const char *odd = write_data("odd.bin", "12345", 5), *half = write_data("half.bin", "123456", 6);
  assert_not_opened(odd, NULL, BATCH_ERROR_FORMAT, odd, "found 5 bytes", "multiple of 2", "u16");
  assert_not_opened(half, &options, BATCH_ERROR_FORMAT, half, "found 6 bytes", "multiple of 4", "u32");
}

Test(dataset_formats, a_file_that_nothing_tells_is_refused) {
  const char *path = write_data("mystery", "\x01\x02\x03\x04", 4);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "no format", "caller says it");
}

static const char *write_datatrove(const char *name, size_t width, const uint64_t *ends, size_t count) {
  bytes index = {0};
  char index_name[64];
  for (size_t i = 0; i < count; i++) put_u64(&index, ends[i]);
  snprintf(index_name, sizeof index_name, "%s.index", name);
  write_bytes(index_name, &index);
  return write_tokens(name, width);
}

Test(dataset_formats, datatrove_documents_come_from_the_index) {
  for (size_t width = 2; width <= 4; width += 2) {
    const char *path = write_datatrove(width == 2 ? "a.ds" : "b.ds", width, bounds + 1, 3);
    assert_same(path, NULL, BATCH_FORMAT_DATATROVE, width == 2 ? BATCH_TOKEN_U16 : BATCH_TOKEN_U32);
    BatchDataset *dataset = open_dataset(path, NULL);
    assert_documents(dataset, bounds, 3);
    batch_dataset_free(dataset);
  }
}

Test(dataset_formats, datatrove_without_its_index_is_headerless) {
  assert_same(write_tokens("a.ds", 2), NULL, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16);
  batch_dataset_options options = as_format(BATCH_FORMAT_DATATROVE);
  assert_not_opened(path_of("a.ds"), &options, BATCH_ERROR_IO, "a.ds.index", "No such file");
}

Test(dataset_formats, datatrove_with_a_wrong_index_is_refused) {
  const char *back = write_datatrove("back.ds", 2, (uint64_t[]){5, 3, 7}, 3);
  assert_not_opened(back, NULL, BATCH_ERROR_FORMAT, "back.ds.index", "byte 8", "found 3", "document 1",
                    "at least 5");
  const char *longer = write_datatrove("long.ds", 2, (uint64_t[]){3, 8}, 2);
  assert_not_opened(longer, NULL, BATCH_ERROR_FORMAT, "long.ds.index", "byte 8", "found 8", "14");
  const char *none = write_datatrove("none.ds", 2, NULL, 0);
  assert_not_opened(none, NULL, BATCH_ERROR_FORMAT, "none.ds.index", "found 0");
  write_tokens("cut.ds", 2);
  write_data("cut.ds.index", "1234567", 7);
  assert_not_opened(path_of("cut.ds"), NULL, BATCH_ERROR_FORMAT, "cut.ds.index", "7 bytes", "multiple of 8");
}

Test(dataset_formats, a_type_that_the_file_contradicts_is_refused) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.token_type = BATCH_TOKEN_U32;
  const char *path = write_datatrove("a.ds", 2, bounds + 1, 3);
  assert_not_opened(path, &options, BATCH_ERROR_FORMAT, path, "u16", "u32", "token_type");
}

static bytes llmc(uint32_t magic, uint32_t version, uint32_t count, size_t width) {
  bytes b = {0}, data = stored(width);
  put_u32(&b, magic);
  put_u32(&b, version);
  put_u32(&b, count);
  put_zeros(&b, 1024 - b.used);
  put(&b, data.data, data.used);
  free_bytes(&data);
  return b;
}

static const char *write_llmc(const char *name, uint32_t magic, uint32_t version, uint32_t count,
                              size_t width) {
  bytes b = llmc(magic, version, count, width);
  return write_bytes(name, &b);
}

Test(dataset_formats, llmc_shards_are_recognized_by_their_magic) {
  assert_same(write_llmc("gpt2", 20240520, 1, TOKENS, 2), NULL, BATCH_FORMAT_LLMC_GPT2, BATCH_TOKEN_U16);
  assert_same(write_llmc("llama3.txt", 20240801, 7, TOKENS, 4), NULL, BATCH_FORMAT_LLMC_LLAMA3,
              BATCH_TOKEN_U32);
}

Test(dataset_formats, llmc_shards_with_a_wrong_header_are_refused) {
  const char *version = write_llmc("version.bin", 20240520, 2, TOKENS, 2);
  assert_not_opened(version, NULL, BATCH_ERROR_FORMAT, version, "byte 4", "found 2", "expected 1", "version");
  const char *old = write_llmc("old.bin", 20240801, 1, TOKENS, 4);
  assert_not_opened(old, NULL, BATCH_ERROR_FORMAT, old, "byte 4", "found 1", "expected 7");
  const char *more = write_llmc("more.bin", 20240520, 1, TOKENS + 1, 2);
  assert_not_opened(more, NULL, BATCH_ERROR_FORMAT, more, "byte 8", "found 8 tokens", "1038 bytes",
                    "expected 1040");
  const char *fewer = write_llmc("fewer.bin", 20240520, 1, TOKENS - 1, 2);
  assert_not_opened(fewer, NULL, BATCH_ERROR_FORMAT, fewer, "byte 8", "found 6 tokens", "expected 1036");
  const char *negative = write_llmc("negative.bin", 20240520, 1, 0xFFFFFFFFu, 2);
  assert_not_opened(negative, NULL, BATCH_ERROR_FORMAT, negative, "byte 8", "4294967295 tokens");
  const char *cut = write_data("cut.bin", "\x88\xd8\x34\x01\x01\0\0", 8);
  assert_not_opened(cut, NULL, BATCH_ERROR_FORMAT, cut, "8 bytes", "1024");
  batch_dataset_options options = as_format(BATCH_FORMAT_LLMC_GPT2);
  const char *llama = write_llmc("llama.bin", 20240801, 7, TOKENS, 4);
  assert_not_opened(llama, &options, BATCH_ERROR_FORMAT, llama, "byte 0", "found 20240801",
                    "expected 20240520", "GPT-2");
}

Test(dataset_formats, the_other_files_of_llmc_are_refused_by_name) {
  static const struct {
    uint32_t magic;
    const char *name;
  } others[] = {{20240326, "GPT-2 model weights"}, {20240327, "GPT-2 debug state"},
                {20240328, "tokenizer"},           {20240522, "evaluation set"},
                {20240527, "training state"},      {20240803, "Llama 3 model"}};
  batch_dataset_options headerless = as_format(BATCH_FORMAT_HEADERLESS);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    const char *path = write_llmc("other.bin", others[i].magic, 3, 0, 2);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "llm.c", others[i].name, "--format headerless");
    batch_dataset_free(open_dataset(path, &headerless));
  }
}

Test(dataset_formats, llmc_documents_are_found_by_what_the_loader_names) {
  bytes b = {0};
  put_u32(&b, 20240520);
  put_u32(&b, 1);
  put_u32(&b, 4);
  put_zeros(&b, 1024 - b.used);
  for (int i = 0; i < 4; i++) put_u16(&b, i % 2 ? 7 : 50256);
  const char *path = write_bytes("shard.bin", &b);
  batch_loader_options packed = BATCH_LOADER_OPTIONS_INIT;
  packed.batch_size = 1;
  packed.sequence_length = 2;
  packed.packing = BATCH_PACK_BEST_FIT;
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_refused(!batch_loader_create(dataset, &packed), BATCH_ERROR_INVALID_ARGUMENT,
                 "no document boundaries", "separator", "end_of_text", "BATCH_SEPARATOR_BEFORE", "50256");
  batch_dataset_free(dataset);
  const char *beside[] = {write_data("text.txt", "mill race", 9), path};
  dataset = batch_dataset_open(beside, 2, NULL);
  assert_refused(!batch_loader_create(dataset, &packed), BATCH_ERROR_INVALID_ARGUMENT, path,
                 "no document boundaries");
  batch_dataset_free(dataset);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.separator = BATCH_SEPARATOR_BEFORE;
  options.end_of_text = 50256;
  dataset = open_dataset(path, &options);
  assert_documents(dataset, (uint64_t[]){0, 2, 4}, 2);
  batch_dataset_free(dataset);
}

Test(dataset_formats, files_of_other_programs_are_refused_by_name) {
  static const struct {
    const char *bytes, *name;
  } others[] = {{"PK\3\4....", "PyTorch"}, {"\x80\x02\x8a\x0a....", "PyTorch"},
                {"GGUF....", "GGUF"},      {"PAR1....", "Parquet"},
                {"ARROW1..", "Arrow"},     {"\x89HDF\r\n\x1a\n", "HDF5"}};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    const char *path = write_data("a.bin", others[i].bytes, 8);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, others[i].name, "--format headerless");
  }
}

typedef struct megatron_case {
  uint64_t version;
  uint8_t code;
  size_t width;
  uint64_t sequences, boundaries;
} megatron_case;

/* Four sequences of 2, 1, 0 and 4 tokens in three documents. */
enum { LENGTHS = 34, POINTERS = 34 + 4 * 4, DOCUMENTS = 34 + 4 * 12, INDEX_BYTES = 34 + 4 * 12 + 4 * 8 };

static bytes megatron_index(const megatron_case *c) {
  static const uint32_t lengths[] = {2, 1, 0, 4}, starts[] = {0, 2, 3, 3};
  static const uint64_t documents[] = {0, 2, 3, 4};
  bytes b = {0};
  put(&b, "MMIDIDX\0\0", 9);
  put_u64(&b, c->version);
  put_u8(&b, c->code);
  put_u64(&b, c->sequences);
  put_u64(&b, c->boundaries);
  for (int i = 0; i < 4; i++) put_u32(&b, lengths[i]);
  for (int i = 0; i < 4; i++) put_u64(&b, starts[i] * c->width);
  for (int i = 0; i < 4; i++) put_u64(&b, documents[i]);
  cr_assert_eq(b.used, INDEX_BYTES);
  return b;
}

static const megatron_case good = {1, 8, 2, 4, 4};

/* The pair m.idx and m.bin; returns the path of the index. */
static const char *write_megatron(bytes *index, size_t width) {
  write_tokens("m.bin", width);
  return write_bytes("m.idx", index);
}

Test(dataset_formats, megatron_takes_every_integer_type) {
  static const struct {
    uint8_t code;
    size_t width;
    batch_token_type type;
  } types[] = {{1, 1, BATCH_TOKEN_U8},  {2, 1, BATCH_TOKEN_I8},  {3, 2, BATCH_TOKEN_I16},
               {4, 4, BATCH_TOKEN_I32}, {5, 8, BATCH_TOKEN_I64}, {8, 2, BATCH_TOKEN_U16}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    bytes index = megatron_index(&(megatron_case){1, types[i].code, types[i].width, 4, 4});
    const char *idx = write_megatron(&index, types[i].width), *bin = path_of("m.bin");
    assert_same(idx, NULL, BATCH_FORMAT_MEGATRON, types[i].type);
    assert_same(bin, NULL, BATCH_FORMAT_MEGATRON, types[i].type);
    BatchDataset *dataset = open_dataset(idx, NULL);
    assert_documents(dataset, bounds, 3);
    batch_dataset_free(dataset);
  }
}

Test(dataset_formats, megatron_pairs_in_a_directory_are_taken_once) {
  bytes index = megatron_index(&good);
  write_megatron(&index, 2);
  BatchDataset *dataset = open_dataset(path_of(""), NULL);
  assert_tokens(dataset, tokens, TOKENS);
  batch_dataset_free(dataset);
  dataset = open_dataset(path_of("*.idx"), NULL);
  assert_tokens(dataset, tokens, TOKENS);
  batch_dataset_free(dataset);
}

Test(dataset_formats, megatron_modes_behind_the_index_are_passed_over) {
  bytes index = megatron_index(&good);
  put_zeros(&index, 4);
  assert_same(write_megatron(&index, 2), NULL, BATCH_FORMAT_MEGATRON, BATCH_TOKEN_U16);
}

Test(dataset_formats, megatron_without_its_bin_is_refused) {
  bytes index = megatron_index(&good);
  const char *path = write_bytes("m.idx", &index);
  assert_not_opened(path, NULL, BATCH_ERROR_IO, "m.bin", "No such file");
}

Test(dataset_formats, megatron_under_another_name_is_refused) {
  bytes index = megatron_index(&good);
  batch_dataset_options options = as_format(BATCH_FORMAT_MEGATRON);
  assert_not_opened(write_bytes("m.index", &index), NULL, BATCH_ERROR_FORMAT, "m.index", "Megatron",
                    "end in .idx or .bin");
  assert_not_opened(write_tokens("m.tokens", 2), &options, BATCH_ERROR_FORMAT, "m.tokens",
                    "end in .idx or .bin");
}

Test(dataset_formats, megatron_with_a_wrong_header_is_refused) {
  bytes index = megatron_index(&(megatron_case){2, 8, 2, 4, 4});
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", "byte 9", "version 2",
                    "expected 1");
  static const uint8_t codes[] = {0, 6, 7, 9, 255};
  for (size_t i = 0; i < sizeof codes; i++) {
    index = megatron_index(&(megatron_case){1, codes[i], 2, 4, 4});
    assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", "byte 17", "type code",
                      "integer");
  }
  index = megatron_index(&(megatron_case){1, 8, 2, 5, 4});
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", "byte 18", "5 sequences",
                    "126 bytes");
  index = megatron_index(&(megatron_case){1, 8, 2, UINT64_MAX / 2, 4});
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", "byte 18");
  index = megatron_index(&(megatron_case){1, 8, 2, 4, UINT64_MAX / 8 + 5});
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", "byte 18");
  write_data("m.idx", "MMIDIDX\0\0\1", 11);
  assert_not_opened(path_of("m.idx"), NULL, BATCH_ERROR_FORMAT, "m.idx", "11 bytes", "34");
  write_text("m.idx", "something that is no index, of forty bytes");
  assert_not_opened(path_of("m.idx"), NULL, BATCH_ERROR_FORMAT, "m.idx", "byte 0", "MMIDIDX");
}

static void assert_changed_u32(size_t offset, uint32_t value, const char *where, const char *what) {
  bytes index = megatron_index(&good);
  set_u32(&index, offset, value);
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", where, what);
}

static void assert_changed_u64(size_t offset, uint64_t value, const char *where, const char *what) {
  bytes index = megatron_index(&good);
  set_u64(&index, offset, value);
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx", where, what);
}

Test(dataset_formats, megatron_with_wrong_lengths_pointers_or_documents_is_refused) {
  assert_changed_u32(LENGTHS + 4, 0xFFFFFFFFu, "byte 38", "found -1 as the length of sequence 1");
  assert_changed_u32(LENGTHS + 12, 5, "byte 46", "inside the .bin of 14 bytes");
  assert_changed_u32(LENGTHS + 12, 0x7FFFFFFF, "byte 46", "inside the .bin of 14 bytes");
  assert_changed_u32(LENGTHS, 1, "byte 58", "expected 2");
  assert_changed_u64(POINTERS, 2, "byte 50", "expected 0");
  assert_changed_u64(POINTERS + 24, UINT64_MAX - 1, "byte 74", "expected 6");
  assert_changed_u64(POINTERS + 8, 3, "byte 58", "expected 4");
  assert_changed_u64(DOCUMENTS, 1, "byte 82", "found 1 as document boundary 0");
  assert_changed_u64(DOCUMENTS + 8, 4, "byte 98", "found 3 as document boundary 2");
  assert_changed_u64(DOCUMENTS + 8, UINT64_MAX, "byte 90", "document boundary 1");
  assert_changed_u64(DOCUMENTS + 24, 3, "byte 106", "document boundary 3");
}

Test(dataset_formats, megatron_with_a_bin_of_another_size_is_refused) {
  bytes index = megatron_index(&good), bin = stored(2);
  write_bytes("m.idx", &index);
  put_u16(&bin, 88);
  write_bytes("m.bin", &bin);
  assert_not_opened(path_of("m.idx"), NULL, BATCH_ERROR_FORMAT, "m.bin", "16 bytes", "expected 14");
}

/* As gpt-neox's merger leaves it: the sequences of all, the boundaries of none. */
Test(dataset_formats, megatron_sequences_are_documents_where_boundaries_are_missing) {
  static const uint64_t ends[] = {0, 2, 3, 3, 7};
  for (uint64_t boundaries = 0; boundaries < 2; boundaries++) {
    bytes index = megatron_index(&(megatron_case){1, 8, 2, 4, boundaries});
    index.used = DOCUMENTS + 8 * boundaries;
    const char *path = write_megatron(&index, 2);
    assert_same(path, NULL, BATCH_FORMAT_MEGATRON, BATCH_TOKEN_U16);
    BatchDataset *dataset = open_dataset(path, NULL);
    assert_documents(dataset, ends, 4);
    batch_dataset_free(dataset);
  }
  bytes index = megatron_index(&(megatron_case){1, 8, 2, 4, 1});
  index.used = DOCUMENTS + 8;
  set_u64(&index, DOCUMENTS, 4);
  assert_not_opened(write_megatron(&index, 2), NULL, BATCH_ERROR_FORMAT, "m.idx",
                    "found 4 as document boundary 0");
}

/* What is missing of the last page reads as zeros, without a signal. */
Test(dataset_formats, sequences_cut_off_while_open_are_an_error) {
  for (size_t left = LENGTHS; left <= DOCUMENTS; left += 4) {
    bytes index = megatron_index(&(megatron_case){1, 8, 2, 4, 1});
    uint64_t start = 7, end = 7;
    index.used = DOCUMENTS + 8;
    BatchDataset *dataset = open_dataset(write_megatron(&index, 2), NULL);
    cr_assert_eq(truncate(path_of("m.idx"), (off_t)left), 0);
    bool found = batch_dataset_document(dataset, 2, &start, &end);
    if (left < DOCUMENTS - 4) {
      cr_assert(!found && batch_last_error()->code == BATCH_ERROR_IO, "%zu bytes: %d", left, found);
      assert_says(batch_last_error()->message, "m.bin (its index)", "ends before");
    } else {
      cr_assert(found && start == 3 && end == 3, "%zu bytes: %s", left, batch_last_error()->message);
    }
    batch_dataset_free(dataset);
  }
}

Test(dataset_formats, tokens_beside_an_index_that_is_not_theirs_say_how_to_read_them) {
  batch_dataset_options headerless = as_format(BATCH_FORMAT_HEADERLESS);
  bytes index = megatron_index(&good), bin = stored(2);
  put_u16(&bin, 88);
  write_bytes("m.bin", &bin);
  write_bytes("m.idx", &index);
  assert_not_opened(path_of("m.bin"), NULL, BATCH_ERROR_FORMAT, "m.bin: at byte 0", "16 bytes", "m.idx",
                    "--format headerless");
  batch_dataset_free(open_dataset(path_of("m.bin"), &headerless));
  write_tokens("other.bin", 2);
  write_text("other.idx", "an index of something else, of more than 34 bytes");
  assert_not_opened(path_of("other.bin"), NULL, BATCH_ERROR_FORMAT, "other.idx", "MMIDIDX",
                    "read other.bin without", "--format headerless", "options.format");
  batch_dataset_free(open_dataset(path_of("other.bin"), &headerless));
  write_datatrove("d.ds", 2, (uint64_t[]){3, 8}, 2);
  assert_not_opened(path_of("d.ds"), NULL, BATCH_ERROR_FORMAT, "d.ds.index", "found 8", "read d.ds without",
                    "--format headerless");
  batch_dataset_free(open_dataset(path_of("d.ds"), &headerless));
}

static bytes npy(uint8_t version, const char *header) {
  bytes b = {0};
  put(&b, "\x93NUMPY", 6);
  put_u8(&b, version);
  put_u8(&b, 0);
  if (version == 1)
    put_u16(&b, (uint16_t)strlen(header));
  else
    put_u32(&b, (uint32_t)strlen(header));
  put_text(&b, header);
  return b;
}

static const char *write_npy(uint8_t version, const char *header, size_t width) {
  bytes b = npy(version, header), data = stored(width);
  put(&b, data.data, data.used);
  free_bytes(&data);
  return write_bytes("a.npy", &b);
}

Test(dataset_formats, npy_headers_are_read_in_any_order) {
  assert_same(write_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (7,), }  \n", 2), NULL,
              BATCH_FORMAT_NPY, BATCH_TOKEN_U16);
  assert_same(write_npy(2, "{'shape':(7,),'descr':'<u4','fortran_order':True}\n", 4), NULL, BATCH_FORMAT_NPY,
              BATCH_TOKEN_U32);
  assert_same(write_npy(3, "{\"fortran_order\" : False, \"shape\" : ( 7 , ), \"descr\" : \"<i8\"}", 8), NULL,
              BATCH_FORMAT_NPY, BATCH_TOKEN_I64);
}

Test(dataset_formats, npy_that_is_not_a_row_of_little_endian_integers_is_refused) {
  assert_not_opened(write_npy(1, "{'descr': '>u2', 'fortran_order': False, 'shape': (7,)}", 2), NULL,
                    BATCH_ERROR_FORMAT, "a.npy", "byte 20", ">u2", "<u2");
  assert_not_opened(write_npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (7,)}", 4), NULL,
                    BATCH_ERROR_FORMAT, "<f4");
  assert_not_opened(write_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (7, 1)}", 2), NULL,
                    BATCH_ERROR_FORMAT, "one dimension");
  assert_not_opened(write_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': ()}", 2), NULL,
                    BATCH_ERROR_FORMAT, "one dimension");
  assert_not_opened(write_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (8,)}", 2), NULL,
                    BATCH_ERROR_FORMAT, "found 7 tokens", "the 8 of the shape");
  assert_not_opened(
      write_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (99999999999999999999,)}", 2), NULL,
      BATCH_ERROR_FORMAT, "one dimension");
  assert_not_opened(write_npy(1, "{'descr': '<u2', 'shape': (7,)}", 2), NULL, BATCH_ERROR_FORMAT,
                    "fortran_order");
  assert_not_opened(write_npy(1, "{'descr': '<u2', 'fortran_order': False, 'shape': (7,)", 2), NULL,
                    BATCH_ERROR_FORMAT, "end of the dict");
  assert_not_opened(write_npy(1, "{'descr': '<u2', 'other': 1}", 2), NULL, BATCH_ERROR_FORMAT, "'other'",
                    "'shape'");
  assert_not_opened(write_npy(4, "{'descr': '<u2', 'fortran_order': False, 'shape': (7,)}", 2), NULL,
                    BATCH_ERROR_FORMAT, "byte 6", "version 4.0");
  write_data("a.npy", "\x93NUMPY\1\0\xff\xff{}", 12);
  assert_not_opened(path_of("a.npy"), NULL, BATCH_ERROR_FORMAT, "byte 8", "65535 bytes", "12");
  write_data("a.npy", "\x93NUMPX\1\0\2\0{}", 12);
  assert_not_opened(path_of("a.npy"), NULL, BATCH_ERROR_FORMAT, "byte 0", "NUMPY");
}

/* OLMo's: np.memmap writes no header. */
Test(dataset_formats, npy_without_a_header_says_how_to_read_it) {
  const char *path = write_tokens("part-0-00000.npy", 2);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "without a NumPy header", "OLMo",
                    "--format headerless --type u16", "options.format");
  batch_dataset_options options = as_format(BATCH_FORMAT_HEADERLESS);
  options.token_type = BATCH_TOKEN_U16;
  assert_same(path, &options, BATCH_FORMAT_HEADERLESS, BATCH_TOKEN_U16);
}

static const char write_with_numpy[] =
    "import sys, numpy as np\n"
    "from numpy.lib import format as f\n"
    "a = np.array([11, 22, 33, 44, 55, 66, 77], dtype=sys.argv[2])\n"
    "f.write_array(open(sys.argv[1], 'wb'), a, version=(int(sys.argv[3]), 0))\n";

Test(dataset_formats, what_numpy_wrote_is_read) {
  static const struct {
    const char *name;
    batch_token_type type;
  } types[] = {{"uint8", BATCH_TOKEN_U8},  {"int8", BATCH_TOKEN_I8},    {"uint16", BATCH_TOKEN_U16},
               {"int16", BATCH_TOKEN_I16}, {"uint32", BATCH_TOKEN_U32}, {"int32", BATCH_TOKEN_I32},
               {"int64", BATCH_TOKEN_I64}};
  const char *path = path_of("numpy.npy");
  if (run_program((const char *[]){"/usr/bin/python3", "-c", "import numpy", NULL}) != 0)
    cr_skip("no NumPy here");
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    const char version[] = {(char)('1' + i % 3), 0};
    cr_assert_eq(run_program((const char *[]){"/usr/bin/python3", "-c", write_with_numpy, path, types[i].name,
                                              version, NULL}),
                 0);
    assert_same(path, NULL, BATCH_FORMAT_NPY, types[i].type);
  }
}

Test(dataset_formats, the_same_tokens_in_every_format_are_one_fingerprint) {
  bytes index = megatron_index(&good), gpt2 = llmc(20240520, 1, TOKENS, 2),
        llama3 = llmc(20240801, 7, TOKENS, 4);
  const char *paths[] = {write_tokens("a.bin", 2),
                         write_tokens("a.u32", 4),
                         write_datatrove("b.ds", 4, bounds + 1, 3),
                         write_bytes("c.bin", &gpt2),
                         write_bytes("d.bin", &llama3),
                         write_megatron(&index, 2),
                         write_npy(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (7,), }", 4),
                         write_data("f.txt", "\x0b\x16\x21\x2c\x37\x42\x4d", 7)};
  BatchDataset *first = open_dataset(paths[0], NULL);
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    BatchDataset *dataset = open_dataset(paths[i], NULL);
    assert_tokens(dataset, tokens, TOKENS);
    cr_assert_eq(fingerprint_of(dataset), fingerprint_of(first), "%s", paths[i]);
    batch_dataset_free(dataset);
  }
  batch_dataset_free(first);
}
