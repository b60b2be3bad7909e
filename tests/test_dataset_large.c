/* Files beyond 4 GiB and 2^32 tokens: sparse, so that they take no room. */
#include "support/dataset_check.h"
#include "support/files.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

TestSuite(dataset_large, .init = files_begin, .fini = files_end);

static const uint64_t many = (UINT64_C(1) << 32) + 12345; /* tokens */

/* A file of `bytes` zeros but for `tail` at its end. */
static const char *write_sparse(const char *name, const bytes *head, uint64_t size, const bytes *tail) {
  if (size > PTRDIFF_MAX) cr_skip("no such file can be addressed here");
  const char *path = path_of(name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  cr_assert(fd >= 0);
  if (ftruncate(fd, (off_t)size) != 0) cr_skip("no sparse files of this size here");
  cr_assert_eq(pwrite(fd, head->data, head->used, 0), (ssize_t)head->used);
  cr_assert_eq(pwrite(fd, tail->data, tail->used, (off_t)(size - tail->used)), (ssize_t)tail->used);
  close(fd);
  return path;
}

static double seconds(void) {
  return (double)batch_deadline_after(0) * 1e-9;
}

static void assert_last(const BatchDataset *dataset, int32_t last) {
  int32_t ids[2];
  cr_assert_eq(batch_dataset_tokens(dataset), many);
  cr_assert(batch_dataset_read(dataset, many - 2, 2, ids), "%s", batch_last_error()->message);
  cr_assert_eq(ids[0], 0);
  cr_assert_eq(ids[1], last);
}

static void assert_large(const char *path, const batch_dataset_options *options, int32_t last) {
  double before = seconds();
  BatchDataset *dataset = open_dataset(path, options);
  uint64_t first = fingerprint_of(dataset);
  printf("%s: opened, with its fingerprint, in %.3f ms\n", path, 1e3 * (seconds() - before));
  assert_last(dataset, last);
  cr_assert_eq(first, fingerprint_of(dataset));
  batch_dataset_free(dataset);
}

Test(dataset_large, headerless_of_more_than_two_to_the_32_tokens) {
  bytes head = {0}, tail = {0};
  put_u16(&tail, 4711);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  const char *path = write_sparse("a.bin", &head, 2 * many, &tail);
  assert_large(path, NULL, 4711);
  options.io = BATCH_IO_READ;
  assert_large(path, &options, 4711);
  free_bytes(&tail);
}

Test(dataset_large, npy_of_more_than_two_to_the_32_tokens) {
  bytes head = {0}, tail = {0};
  char dict[80];
  int length = snprintf(dict, sizeof dict, "{'descr': '|u1', 'fortran_order': False, 'shape': (%llu,), }",
                        (unsigned long long)many);
  put(&head, "\x93NUMPY\1\0", 8);
  put_u16(&head, (uint16_t)length);
  put_text(&head, dict);
  put_u8(&tail, 99);
  assert_large(write_sparse("a.npy", &head, many + head.used, &tail), NULL, 99);
  free_bytes(&head);
  free_bytes(&tail);
}

Test(dataset_large, datatrove_documents_beyond_two_to_the_32_tokens) {
  bytes head = {0}, tail = {0}, index = {0};
  put_u16(&tail, 17);
  put_u64(&index, many - 1);
  put_u64(&index, many);
  write_bytes("a.ds.index", &index);
  const char *path = write_sparse("a.ds", &head, 2 * many, &tail);
  assert_large(path, NULL, 17);
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_documents(dataset, (uint64_t[]){0, many - 1, many}, 2);
  batch_dataset_free(dataset);
  free_bytes(&tail);
}

Test(dataset_large, loss_masks_beyond_two_to_the_32_tokens) {
  static const struct {
    uint64_t bytes;
    const char *kind;
    uint8_t last; /* of the companion */
  } forms[] = {{many, "bytes", 1},
               {many / 8 + 1, "bits", 1}}; /* of the last byte the last token has the lowest bit */
  bytes head = {0}, tail = {0};
  put_u16(&tail, 17);
  const char *path = write_sparse("a.bin", &head, 2 * many, &tail);
  cr_assert_eq(many % 8, 1);
  for (size_t i = 0; i < 2; i++) {
    tail.used = 0;
    put_u8(&tail, forms[i].last);
    write_sparse("a.bin.loss", &head, forms[i].bytes, &tail);
    BatchDataset *dataset = open_dataset(path, NULL);
    batch_dataset_file file = BATCH_DATASET_FILE_INIT;
    uint8_t loss[3];
    cr_assert(batch_dataset_get_file(dataset, 0, &file) && strcmp(file.loss, forms[i].kind) == 0);
    cr_assert(batch_dataset_read_loss(dataset, many - 3, 3, loss), "%s", batch_last_error()->message);
    cr_assert(!loss[0] && !loss[1] && loss[2]);
    batch_dataset_free(dataset);
  }
  free_bytes(&tail);
}

Test(dataset_large, a_subset_of_more_than_two_to_the_32_tokens) {
  bytes head = {0}, tail = {0};
  put_u16(&tail, 17);
  const char *path = write_sparse("a.bin", &head, 2 * many, &tail);
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.validation_fraction = 0.01;
  uint64_t tokens = 0, documents = 0;
  bool last_is_there = false;
  for (options.subset = BATCH_SUBSET_TRAIN; options.subset <= BATCH_SUBSET_VALIDATION; options.subset++) {
    BatchDataset *dataset = open_dataset(path, &options);
    int32_t last;
    cr_assert(batch_dataset_read(dataset, batch_dataset_tokens(dataset) - 1, 1, &last));
    tokens += batch_dataset_tokens(dataset);
    documents += batch_dataset_documents(dataset);
    last_is_there |= last == 17;
    batch_dataset_free(dataset);
  }
  cr_assert(tokens == many && documents == many / 4096 + 1 && last_is_there);
  free_bytes(&tail);
}

Test(dataset_large, megatron_pointers_beyond_4_gib) {
  static const uint32_t lengths[] = {0x7FFFFFFF, 0x7FFFFFFF, 2 + 12345};
  bytes head = {0}, tail = {0}, index = {0};
  put(&index, "MMIDIDX\0\0", 9);
  put_u64(&index, 1);
  put_u8(&index, 8);
  put_u64(&index, 3);
  put_u64(&index, 4);
  uint64_t start = 0;
  for (int i = 0; i < 3; i++) put_u32(&index, lengths[i]);
  for (int i = 0; i < 3; start += lengths[i++]) put_u64(&index, 2 * start);
  for (uint64_t i = 0; i < 4; i++) put_u64(&index, i);
  cr_assert_eq(start, many);
  put_u16(&tail, 23);
  write_bytes("a.idx", &index);
  const char *path = write_sparse("a.bin", &head, 2 * many, &tail);
  assert_large(path, NULL, 23);
  BatchDataset *dataset = open_dataset(path, NULL);
  assert_documents(dataset, (uint64_t[]){0, 0x7FFFFFFF, 0xFFFFFFFE, many}, 3);
  batch_dataset_free(dataset);
  free_bytes(&tail);
}

Test(dataset_large, a_stream_of_several_files_passes_two_to_the_32_tokens) {
  bytes head = {0}, tail = {0};
  put_u16(&tail, 5);
  const char *paths[] = {write_sparse("a.bin", &head, UINT64_C(1) << 32, &tail),
                         write_sparse("b.bin", &head, UINT64_C(1) << 32, &tail),
                         write_sparse("c.bin", &head, 2 * 12345, &tail)};
  BatchDataset *dataset = batch_dataset_open(paths, 3, NULL);
  cr_assert_not_null(dataset, "%s", batch_last_error()->message);
  assert_last(dataset, 5);
  int32_t ids[2];
  cr_assert(batch_dataset_read(dataset, (UINT64_C(1) << 32) - 1, 2, ids));
  cr_assert_eq(ids[0], 5);
  cr_assert_eq(ids[1], 0);
  batch_dataset_free(dataset);
  free_bytes(&tail);
}

#if SIZE_MAX == UINT32_MAX
Test(dataset_large, a_file_of_more_than_can_be_addressed_is_refused) {
  const char *path = path_of("a.bin");
  write_data("a.bin", "", 0);
  cr_assert_eq(truncate(path, (off_t)1 << 31), 0);
  assert_not_opened(path, NULL, BATCH_ERROR_OVERFLOW, path, "found 2147483648 bytes",
                    "expected at most 2147483647 on this machine");
}
#endif
