/* Files that are cut under a loader, mended and replaced: every row is right or a fault, and after the mending all are
   right. Where they are mended at once they are cut at whole pages, and mended by appending: what a mapping shows is then
   always what was written. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "soak/data.h"
#include "soak/soak.h"

enum {
  PAGES = 24,
  PAGE = 4096,
  PAGE_TOKENS = PAGE / 2,
  LENGTH = 64,
  ROWS = PAGES * PAGE_TOKENS / LENGTH,
  BATCH = 8
};

/* Another sequence for each version of a file: places are told by tokens, versions by their difference. */
static uint16_t token(uint64_t version, uint64_t i) {
  return (uint16_t)((i * (31 + 2 * version)) % 60013);
}

typedef struct cut_file {
  hand *h;
  char path[200];
  uint64_t version;
  uint64_t random;
  atomic_bool over;
} cut_file;

static void write_pages(int fd, uint64_t version, uint32_t from, uint32_t to) {
  uint16_t page[PAGE_TOKENS];
  for (uint32_t p = from; p < to; p++) {
    for (uint32_t i = 0; i < PAGE_TOKENS; i++) page[i] = token(version, (uint64_t)p * PAGE_TOKENS + i);
    ssize_t written;
    do written = pwrite(fd, page, sizeof page, (off_t)p * (off_t)sizeof page);
    while (written < 0 && errno == EINTR);
    stress_check(written == (ssize_t)sizeof page, "a page cannot be written");
  }
}

static void cut_to(const cut_file *f, int fd, off_t bytes) {
  while (ftruncate(fd, bytes) != 0) stress_check(errno == EINTR, "%s cannot be cut", f->path);
  soak_count(SOAK_CUT, 1);
}

static void write_whole(const char *path, uint64_t version) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  stress_check(fd >= 0, "%s cannot be written", path);
  write_pages(fd, version, 0, PAGES);
  close(fd);
}

/* Cuts the file and mends it, until told to stop; it leaves it whole. */
static void cut_and_mend(cut_file *f, int fd, uint64_t *random) {
  while (!atomic_load(&f->over)) {
    uint32_t left = stress_random_below(random, PAGES);
    cut_to(f, fd, (off_t)left * PAGE);
    soak_pause(stress_random_below(random, 500));
    write_pages(fd, f->version, left, PAGES);
    soak_pause(stress_random_below(random, 500));
  }
}

/* Cuts it within a page, of which a mapping then shows zeros, and leaves it so until told to stop. */
static void cut_once(cut_file *f, int fd, uint64_t *random) {
  uint32_t left = stress_random_below(random, PAGES * PAGE);
  soak_pause(stress_random_below(random, 500));
  cut_to(f, fd, left);
  while (!atomic_load(&f->over)) soak_pause(200);
  write_pages(fd, f->version, left / PAGE, PAGES);
}

static void cut(stress_thread *self) {
  cut_file *f = self->context;
  uint64_t random = self->random ^ f->random;
  faults_pause(); /* this one's calls do what they should */
  int fd = open(f->path, O_WRONLY | O_CLOEXEC);
  stress_check(fd >= 0, "%s cannot be opened", f->path);
  (stress_random_below(&random, 2) ? cut_once : cut_and_mend)(f, fd, &random);
  close(fd);
}

/* Rows without a fault are windows of the file. Returns how many rows are none. */
static uint32_t check_rows(const cut_file *f, const Batch *batch, batch_faults faults) {
  uint32_t faulty = 0;
  for (uint32_t row = 0; row < batch->batch_size; row++) {
    const int32_t *in = batch->input.i32 + (size_t)row * LENGTH,
                  *out = batch->target.i32 + (size_t)row * LENGTH;
    if (batch->mask.u8[row * LENGTH] == 0) {
      faulty++;
      continue;
    }
    if (faults == BATCH_FAULT_HAND_ON && batch->status != BATCH_OK) continue;
    uint64_t start = 0;
    while (start < ROWS * LENGTH &&
           (token(f->version, start) != in[0] || token(f->version, start + 1) != in[1]))
      start += LENGTH;
    if (start == ROWS * LENGTH)
      stress_fail("a row that begins with %d, %d, which the file does not have", in[0], in[1]);
    for (uint32_t i = 0; i < LENGTH && batch->mask.u8[row * LENGTH + i]; i++)
      if (in[i] != token(f->version, start + i) || out[i] != token(f->version, start + i + 1))
        stress_fail("a row of a file that was cut has a wrong id, %d, without a fault", in[i]);
  }
  return faulty;
}

static batch_loader_options options_of(hand *h, uint32_t epochs) {
  batch_loader_options o = BATCH_LOADER_OPTIONS_INIT;
  o.batch_size = BATCH;
  o.sequence_length = LENGTH;
  o.mask_type = TENSOR_UINT8;
  o.workers = 1 + hand_below(h, 2);
  o.seed = stress_random(&h->random);
  o.epochs = epochs;
  o.world = 1;
  o.faults = hand_once_in(h, 2) ? BATCH_FAULT_SKIP : BATCH_FAULT_HAND_ON;
  return o;
}

/* Takes all batches; returns the faulty rows. */
static uint64_t take_all(cut_file *f, BatchDataset *dataset, uint32_t epochs) {
  batch_loader_options o = options_of(f->h, epochs);
  uint64_t faulty = 0;
  hand_step(f->h, "makes a loader of a file that is cut");
  BatchLoader *loader = batch_loader_create(dataset, &o);
  if (!hand_allows(f->h, loader, "batch_loader_create")) return 0;
  for (Batch *batch; (batch = batch_loader_next(loader)); batch_release(batch)) {
    hand_step(f->h, "takes batches of a file that is cut");
    faulty += check_rows(f, batch, o.faults);
    soak_count(SOAK_BATCHES, 1);
  }
  hand_allows(f->h, batch_last_error()->code == BATCH_END, "batch_loader_next, of a file that is cut");
  batch_loader_free(loader);
  return faulty;
}

static BatchDataset *open_it(cut_file *f) {
  batch_dataset_options options = BATCH_DATASET_OPTIONS_INIT;
  options.io = hand_once_in(f->h, 4) ? BATCH_IO_READ : BATCH_IO_MAP;
  BatchDataset *dataset = batch_dataset_open(&(const char *){f->path}, 1, &options);
  return hand_allows(f->h, dataset, "batch_dataset_open") ? dataset : NULL;
}

/* The loader of the old file goes on with the old file's tokens; who opens anew has the new one's. */
static void replace(cut_file *f, BatchDataset *old) {
  cut_file new = *f;
  char path[220];
  new.version = 1 + (f->version + hand_below(f->h, 5)) % 7;
  snprintf(path, sizeof path, "%s.new", f->path);
  faults_pause();
  write_whole(path, new.version);
  stress_check(rename(path, f->path) == 0, "%s cannot be replaced", f->path);
  faults_resume();
  BatchDataset *dataset = open_it(&new);
  if (take_all(f, old, 1) > 0 || (dataset && take_all(&new, dataset, 1) > 0))
    hand_allows(f->h, false, "a row of a file that was replaced is a fault");
  batch_dataset_free(dataset);
  soak_count(SOAK_REPLACED, 1);
}

void scene_files(hand *h) {
  cut_file f = {.h = h, .version = 1 + hand_below(h, 7), .random = stress_random(&h->random)};
  stress_thread cutter;
  snprintf(f.path, sizeof f.path, "%s/cut.u16.bin", h->folder);
  faults_pause();
  write_whole(f.path, f.version);
  faults_resume();
  BatchDataset *dataset = open_it(&f);
  if (!dataset) return;
  hand_start(h, &cutter, 1, "cutter", cut, &f);
  soak_count(SOAK_CUT_ROWS, take_all(&f, dataset, 1 + hand_below(h, 3)));
  atomic_store(&f.over, true);
  hand_join(h, &cutter, 1);
  if (take_all(&f, dataset, 1) > 0) hand_allows(h, false, "a row of a mended file is a fault");
  if (hand_once_in(h, 2)) replace(&f, dataset);
  batch_dataset_free(dataset);
}
