#include "dataset/writer/metadata.h"

#include <stdio.h>

#include "base/file.h"
#include "dataset/scan.h"

/* Three digits and a prefix, as datatrove has it: 5.00 T, 12.3 kT, 123 MT. */
static void for_people(uint64_t tokens, char *text, size_t room) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  uint64_t unit = 1;
  size_t i = 0;
  for (; tokens / unit >= 1000; i++) unit *= 1000;
  double value = (double)tokens / (double)unit;
  snprintf(text, room, "%.*f %sT", value < 10 ? 2 : value < 100 ? 1 : 0, value, prefixes[i]);
}

static bool fingerprint_of(const source_file *file, uint64_t *fingerprint) {
  source_file alone = *file;
  alone.width = batch_token_type_size(file->type);
  return scan_fingerprint(&(source){.files = &alone, .count = 1, .tokens = file->tokens}, fingerprint);
}

bool metadata_write(out_file *out, const source_file *file) {
  char people[64], text[256];
  uint64_t fingerprint;
  if (!fingerprint_of(file, &fingerprint)) return false;
  for_people(file->tokens, people, sizeof people);
  int bytes = snprintf(text, sizeof text, "Unknown Tokenizer|%zu\n%" PRIu64 "\n%s\nheadrace %016" PRIx64 "\n",
                       batch_token_type_size(file->type), file->tokens, people, fingerprint);
  return out_write(out, text, (size_t)bytes);
}
