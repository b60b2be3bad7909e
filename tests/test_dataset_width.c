/* How wide a token is: who says it, that those who say it agree, and what is noticed when nobody does. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

TestSuite(dataset_width, .init = files_begin, .fini = files_end);

typedef uint64_t id_of(uint64_t i);

/* Ids as text has them: many small, some large, none above 100,276. */
static uint64_t text_like(uint64_t i) {
  uint64_t x = i * 2654435761u >> 7;
  return x % 3 ? x % 900 : x % 100277;
}

static uint64_t short_text_like(uint64_t i) {
  return text_like(i) % 50257;
}

static const char *write_ids(const char *name, size_t width, uint64_t count, id_of *id) {
  bytes b = {0};
  for (uint64_t i = 0; i < count; i++) {
    uint64_t value = id(i);
    put(&b, &value, width);
  }
  return write_bytes(name, &b);
}

static void assert_width(const char *path, const batch_dataset_options *options, uint32_t width,
                         uint64_t count) {
  BatchDataset *dataset = open_dataset(path, options);
  cr_assert_eq(batch_dataset_width(dataset), width, "%s: width %zu", path, batch_dataset_width(dataset));
  cr_assert_eq(batch_dataset_tokens(dataset), count);
  batch_dataset_free(dataset);
}

static batch_dataset_options of_type(batch_token_type type) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.token_type = type;
  return options;
}

Test(dataset_width, the_name_tells_it) {
  assert_width(write_ids("a.u16", 2, 100, short_text_like), NULL, 2, 100);
  assert_width(write_ids("a.u16.bin", 2, 100, short_text_like), NULL, 2, 100);
  assert_width(write_ids("a.u32", 4, 100, text_like), NULL, 4, 100);
  assert_width(write_ids("a.u32.bin", 4, 100, text_like), NULL, 4, 100);
  assert_width(write_ids("a.i32.bin", 4, 100, text_like), NULL, 4, 100);
  assert_width(write_ids("a.i64", 8, 100, text_like), NULL, 8, 100);
  assert_width(write_data("a.u8", "abc", 3), NULL, 1, 3);
}

Test(dataset_width, a_metadata_companion_tells_it) {
  write_text("a.bin.metadata", "gpt2|4\n100\n100 T");
  assert_width(write_ids("a.bin", 4, 100, text_like), NULL, 4, 100);
  write_text("b.ds.metadata", "Unknown Tokenizer|4|4\n100\n100 T\n");
  assert_width(write_ids("b.ds", 4, 100, text_like), NULL, 4, 100);
  write_text("c.ds.metadata", "a tokenizer of the time when all were u16\r\n100\r\n100 T");
  assert_width(write_ids("c.ds", 2, 100, short_text_like), NULL, 2, 100);
  write_text("e.bin.metadata", "bytes|1\n3\n3 T");
  assert_width(write_data("e.bin", "abc", 3), NULL, 1, 3);
  write_text("d.bin.metadata", "x|8\n100\n100 T\nheadrace of another version\n");
  assert_width(write_ids("d.bin", 8, 100, text_like), NULL, 8, 100);
}

Test(dataset_width, a_metadata_companion_tells_that_it_is_tokens) {
  uint16_t like_npy[] = {0x4E93, 0x4D55, 0x5950, 1, 2, 3}, like_zstd[] = {0xB528, 0xFD2F, 1, 2, 3, 4};
  const char *npy = write_data("a.bin", like_npy, sizeof like_npy),
             *zstd = write_data("b.bin", like_zstd, sizeof like_zstd),
             *name = write_ids("c.txt", 2, 6, short_text_like), *wide = write_ids("d.zst", 4, 6, text_like);
  const char *paths[] = {npy, zstd, name};
  for (size_t i = 0; i < 3; i++) {
    char companion[16];
    snprintf(companion, sizeof companion, "%c%s.metadata", (int)('a' + i), i < 2 ? ".bin" : ".txt");
    write_text(companion, "x|2\n6\n6 T");
    assert_width(paths[i], NULL, 2, 6);
  }
  write_text("d.zst.metadata", "x|4\n6\n6 T");
  assert_width(wide, NULL, 4, 6);
}

Test(dataset_width, a_companion_of_another_form_says_nothing) {
  write_text("a.bin.metadata", "{\"made\": \"by somebody else\"}\n");
  assert_width(write_ids("a.bin", 2, 100, short_text_like), NULL, 2, 100);
  static const char *const others[] = {"", "a title\n2023\n", "a | b\n100", "|\n"};
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    write_text("c.txt.metadata", others[i]);
    BatchDataset *text = open_dataset(write_text("c.txt", "a text"), NULL);
    cr_assert_eq(batch_dataset_tokens(text), 6);
    batch_dataset_free(text);
  }
  write_text("b.bin.metadata", "");
  assert_width(write_ids("b.bin", 2, 100, short_text_like), NULL, 2, 100);
}

Test(dataset_width, a_damaged_metadata_companion_is_refused) {
  const char *path = write_ids("a.bin", 2, 100, short_text_like);
  write_text("a.bin.metadata", "gpt2|3\n100\n100 T");
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "found \"3\"", "1, 2, 4 or 8");
  write_text("a.bin.metadata", "gpt2|2\nmany\n100 T");
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "byte 7", "found \"many\"");
  write_text("a.bin.metadata", "gpt2|2");
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "number of tokens");
}

Test(dataset_width, those_who_say_it_must_agree) {
  batch_dataset_options u16 = of_type(BATCH_TOKEN_U16), u32 = of_type(BATCH_TOKEN_U32),
                        i32 = of_type(BATCH_TOKEN_I32);
  const char *named = write_ids("a.u32", 4, 100, text_like);
  assert_not_opened(named, &u16, BATCH_ERROR_FORMAT, named, "u32 as the name", "u16 as options.token_type");
  assert_width(named, &i32, 4, 100);
  const char *told = write_ids("b.bin", 4, 100, text_like);
  write_text("b.bin.metadata", "gpt2|4\n100\n100 T");
  assert_not_opened(told, &u16, BATCH_ERROR_FORMAT, told, "u32 as its .metadata",
                    "u16 as options.token_type");
  assert_width(told, &u32, 4, 100);
  const char *both = write_ids("c.u16.bin", 2, 200, short_text_like);
  write_text("c.u16.bin.metadata", "gpt2|4\n100\n100 T");
  assert_not_opened(both, NULL, BATCH_ERROR_FORMAT, both, "u32 as its .metadata", "u16 as the name");
}

Test(dataset_width, a_metadata_companion_of_another_file_is_refused) {
  const char *path = write_ids("a.bin", 2, 100, short_text_like);
  write_text("a.bin.metadata", "gpt2|2\n99\n99 T");
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "99 tokens of 2 bytes", "100 of 2",
                    "remove it");
  write_text("a.bin.metadata", "gpt2|4\n100\n100 T");
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "100 tokens of 4 bytes", "50 of 4");
  const char *trove = write_ids("b.ds", 2, 100, short_text_like);
  write_data("b.ds.index", (uint64_t[]){100}, 8);
  write_text("b.ds.metadata", "gpt2|4\n100\n100 T");
  assert_not_opened(trove, NULL, BATCH_ERROR_FORMAT, "b.ds.metadata", "of 4 bytes", "100 of 2");
}

Test(dataset_width, a_stamp_of_other_tokens_is_refused) {
  char text[100];
  const char *path = write_ids("a.bin", 2, 9000, short_text_like);
  BatchDataset *dataset = open_dataset(path, NULL);
  unsigned long long stamp = fingerprint_of(dataset);
  batch_dataset_free(dataset);
  snprintf(text, sizeof text, "gpt2|2\n9000\n9.00 kT\nheadrace %016llx\n", stamp);
  write_text("a.bin.metadata", text);
  assert_width(path, NULL, 2, 9000);
  snprintf(text, sizeof text, "gpt2|2\n9000\n9.00 kT\nheadrace %016llx\n", stamp ^ 1);
  write_text("a.bin.metadata", text);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, "a.bin.metadata", "stamp", "remove it");
}

Test(dataset_width, an_index_of_other_tokens_is_noticed_by_their_looks) {
  const char *shorter = write_ids("a.ds", 2, 2000, short_text_like);
  write_data("a.ds.index", (uint64_t[]){1000}, 8); /* a quarter of the bytes: u32 */
  assert_not_opened(shorter, NULL, BATCH_ERROR_FORMAT, shorter, "look like u16", "u32 as the index");
  const char *wider = write_ids("b.ds", 4, 1000, text_like);
  write_data("b.ds.index", (uint64_t[]){2000}, 8);
  assert_not_opened(wider, NULL, BATCH_ERROR_FORMAT, wider, "look like u32", "u16 as the index");
}

Test(dataset_width, a_megatron_index_of_other_tokens_is_noticed_by_their_looks) {
  bytes index = {0};
  put(&index, "MMIDIDX\0\0", 9);
  put_u64(&index, 1);
  put_u8(&index, 4); /* i32 */
  put_u64(&index, 1);
  put_u64(&index, 2);
  put_u32(&index, 1000);
  for (uint64_t i = 0; i < 3; i++) put_u64(&index, i / 2);
  write_bytes("a.idx", &index);
  assert_width(write_ids("a.bin", 4, 1000, text_like), NULL, 4, 1000);
  const char *path = write_ids("a.bin", 2, 2000, short_text_like);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "look like u16", "i32 as the index says");
  batch_dataset_options i32 = of_type(BATCH_TOKEN_I32);
  assert_width(path, &i32, 4, 1000);
}

Test(dataset_width, wider_tokens_under_a_plain_name_are_noticed) {
  static const uint64_t counts[] = {16, 200, 5000, 100000};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    const char *four = write_ids("four.bin", 4, counts[i], text_like),
               *eight = write_ids("eight.bin", 8, counts[i], text_like);
    assert_not_opened(four, NULL, BATCH_ERROR_FORMAT, four, "look like u32", "--type u32", "--type u16",
                      "options.token_type");
    assert_not_opened(eight, NULL, BATCH_ERROR_FORMAT, eight, "look like i64", "--type i64");
    batch_dataset_options u32 = of_type(BATCH_TOKEN_U32), i64 = of_type(BATCH_TOKEN_I64);
    assert_width(four, &u32, 4, counts[i]);
    assert_width(eight, &i64, 8, counts[i]);
  }
}

static uint64_t letter(uint64_t i) {
  return "the quick brown fox"[i % 19];
}

static uint64_t of_four(uint64_t i) {
  return 1 + text_like(i) % 4;
}

static uint64_t of_large_vocabulary(uint64_t i) {
  return text_like(i) * 7 % 262144;
}

Test(dataset_width, wider_tokens_of_small_vocabularies_are_noticed_too) {
  static id_of *const ids[] = {letter, of_four, of_large_vocabulary};
  for (size_t i = 0; i < 3; i++) {
    const char *path = write_ids("a.bin", 4, 300, ids[i]);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "look like u32");
  }
  uint32_t hello[] = {104, 101, 108, 108, 111, 100257};
  const char *path = write_data("hello.bin", hello, sizeof hello);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "look like u32");
}

/* Rows of 128 ids of which the last `fill` are filler. */
static const char *write_padded(const char *name, size_t width, uint64_t vocabulary, uint64_t fill,
                                int64_t filler) {
  bytes b = {0};
  for (uint64_t i = 0; i < 128 * 40; i++) {
    uint64_t value = i % 128 < 128 - fill ? text_like(i) % vocabulary : (uint64_t)filler;
    put(&b, &value, width);
  }
  return write_bytes(name, &b);
}

Test(dataset_width, padding_does_not_hide_wider_tokens) {
  static const int64_t fillers[] = {0, -1, -100};
  static const uint64_t vocabularies[] = {32000, 128256};
  for (uint64_t fill = 1; fill <= 121; fill += 20)
    for (size_t i = 0; i < 3; i++)
      for (size_t v = 0; v < 2; v++)
        for (size_t width = 4; width <= 8; width += 4) {
          const char *path = write_padded("a.bin", width, vocabularies[v], fill, fillers[i]);
          assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path,
                            width == 4 ? "look like u32" : "look like i64");
        }
}

Test(dataset_width, padding_makes_no_wider_tokens) {
  for (uint64_t fill = 1; fill <= 126; fill++)
    for (int64_t filler = -1; filler <= 0; filler++)
      assert_width(write_padded("a.bin", 2, 50257, fill, filler), NULL, 2, 128 * 40);
}

Test(dataset_width, padding_does_not_hide_narrower_tokens) {
  for (uint64_t fill = 1; fill <= 101; fill += 20) {
    const char *path = write_padded("a.u32.bin", 2, 50257, fill, 0);
    assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "look like u16", "u32 as the name says");
  }
}

static uint64_t zero(uint64_t i) {
  return i & 0;
}
static uint64_t one_and_60000(uint64_t i) {
  return i == 101 ? 60000 : 1;
}
static uint64_t below_16(uint64_t i) {
  return text_like(i) % 16;
}
static uint64_t counting(uint64_t i) {
  return i;
}
static uint64_t constant(uint64_t i) {
  return 50256 + (i & 0);
}
static uint64_t now_and_then(uint64_t i) { /* of 30 tokens one is no zero */
  return i * 2654435761u >> 9 & 31 ? 0 : 1 + text_like(i) % 50256;
}
static uint64_t ends_between(uint64_t i) { /* documents of one token, each behind an end-of-text */
  return i % 2 ? 1 + i % 9 : 50256;
}
static uint64_t rising(uint64_t i) {
  return i * i % 65536;
}

Test(dataset_width, u16_is_read_as_u16_however_it_looks) {
  static id_of *const ids[] = {short_text_like, letter,   of_four,      zero,   one_and_60000, below_16,
                               counting,        constant, ends_between, rising, now_and_then,  NULL};
  static const uint64_t counts[] = {1, 4, 8, 9, 33, 4099};
  for (size_t i = 0; ids[i]; i++)
    for (size_t j = 0; j < sizeof counts / sizeof *counts; j++)
      assert_width(write_ids("a.bin", 2, counts[j], ids[i]), NULL, 2, counts[j]);
}

Test(dataset_width, u16_under_a_name_of_wider_tokens_is_noticed) {
  const char *path = write_ids("a.u32.bin", 2, 2000, short_text_like);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "look like u16", "u32 as the name says",
                    "--type u32");
  batch_dataset_options u32 = of_type(BATCH_TOKEN_U32);
  assert_width(path, &u32, 4, 1000); /* the caller's word is final */
  path = write_ids("a.i64", 4, 2000, text_like);
  assert_not_opened(path, NULL, BATCH_ERROR_FORMAT, path, "look like u32", "i64 as the name says");
}

Test(dataset_width, what_the_caller_says_is_never_doubted) {
  batch_dataset_options options = of_type(BATCH_TOKEN_U16);
  assert_width(write_ids("a.bin", 4, 1000, text_like), &options, 2, 2000);
}

Test(dataset_width, looking_takes_no_longer_in_a_large_file) {
  const char *path = write_ids("a.bin", 2, 3000, short_text_like);
  uint64_t size = (UINT64_C(1) << 32) + 4096;
  if (size > PTRDIFF_MAX) cr_skip("no such file can be addressed here");
  int fd = open(path, O_WRONLY);
  if (ftruncate(fd, (off_t)size) != 0) cr_skip("no sparse files of this size here");
  bytes tail = {0};
  for (uint32_t i = 0; i < 2000; i++) put_u32(&tail, (uint32_t)text_like(i));
  cr_assert_eq(pwrite(fd, tail.data, tail.used, (off_t)(size - tail.used)), (ssize_t)tail.used);
  free_bytes(&tail);
  close(fd);
  assert_width(path, NULL, 2, size / 2); /* mixed: it tells nothing */
}
