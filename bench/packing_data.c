#include "packing.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
  char folder[64], tokens[80], index[96];
  uint64_t documents, count, pairs; /* tokens in all; pairs within documents */
} data;

static double uniform(batch_random *random) {
  return ((double)(batch_random_next(random) >> 11) + 0.5) * 0x1p-53;
}

/* Log-normal (Box & Muller, 1958), 545 tokens at the median, 1000 in the mean. */
static uint64_t draw_length(batch_random *random) {
  static const double turn = 6.283185307179586;
  double radius = sqrt(-2 * log(uniform(random))), normal = radius * cos(turn * uniform(random));
  return (uint64_t)exp(6.3 + 1.1 * normal) + 1;
}

static bool write_index(FILE *index, uint64_t documents) {
  batch_random random = batch_random_start(3);
  data.documents = documents;
  data.count = data.pairs = 0;
  for (uint64_t d = 0; d < documents; d++) {
    uint64_t length = draw_length(&random);
    data.count += length;
    data.pairs += length - 1;
    if (fwrite(&data.count, sizeof data.count, 1, index) != 1) return false;
  }
  return true;
}

/* The tokens are a hole: as many as there are, they need no room. */
static bool write_files(uint64_t documents) {
  FILE *tokens = fopen(data.tokens, "wb"), *index = fopen(data.index, "wb");
  bool good = tokens && index && write_index(index, documents) &&
              ftruncate(fileno(tokens), (off_t)(data.count * sizeof(uint16_t))) == 0;
  if (tokens) good &= fclose(tokens) == 0;
  if (index) good &= fclose(index) == 0;
  return good;
}

void packing_data_free(void) {
  if (data.folder[0] == '\0') return;
  unlink(data.tokens);
  unlink(data.index);
  rmdir(data.folder);
  data.folder[0] = '\0';
}

bool packing_data_make(uint64_t documents) {
  if (data.folder[0] != '\0' && data.documents == documents) return true;
  packing_data_free();
  snprintf(data.folder, sizeof data.folder, "/tmp/headrace-bench-XXXXXX");
  if (!mkdtemp(data.folder)) {
    data.folder[0] = '\0';
    return false;
  }
  snprintf(data.tokens, sizeof data.tokens, "%s/0.ds", data.folder);
  snprintf(data.index, sizeof data.index, "%s.index", data.tokens);
  return write_files(documents);
}

BatchDataset *packing_data_open(void) {
  return batch_dataset_open(&(const char *){data.tokens}, 1, NULL);
}

uint64_t packing_data_pairs(bool across) {
  return across ? data.count - 1 : data.pairs;
}
