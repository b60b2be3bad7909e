#include "dataset/token_metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/path.h"
#include "dataset/scan.h"
#include "dataset/token_type.h"

/* What a companion says of another file than the one beside it. */
#define BELONGS_ELSEWHERE "; it belongs to other tokens: remove it, or write both anew"

enum { MOST_BYTES = 4096 }; /* of which the name of a tokenizer, perhaps a path, is the most */

/* Cuts the next line off a text; NULL at its end. */
static char *take_line(char **text) {
  char *line = strsep(text, "\n");
  if (line) line[strcspn(line, "\r")] = 0;
  return line;
}

static bool is_number(const char *text, uint64_t *number) {
  char *end;
  *number = strtoull(text, &end, 10);
  return *text >= '0' && *text <= '9' && *end == 0;
}

static void take_stamp(const char *line, token_metadata *metadata) {
  char end;
  /* NOLINTNEXTLINE(cert-err34-c): 16 digits always have room in 64 bits */
  if (sscanf(line, "headrace %16" SCNx64 "%c", &metadata->stamp, &end) == 1) metadata->stamped = true;
}

static bool has_form(const char *path, const char *bar, bool counted, uint64_t *width) {
  *width = 2;
  return bar ? is_number(bar + 1, width) : counted && path_ends_with(path, ".ds.metadata");
}

static bool parse(const char *path, char *text, token_metadata *metadata) {
  const char *name = take_line(&text), *count = take_line(&text), *bar = strrchr(name, '|');
  bool counted = count && is_number(count, &metadata->tokens);
  uint64_t width;
  if (!has_form(path, bar, counted, &width)) return true;
  if (!token_type_of_width(width))
    return format_fail(path, bar - name + 1, "found \"%.20s\" as the bytes of a token, expected 1, 2, 4 or 8",
                       bar + 1);
  if (!counted)
    return format_fail(path, strlen(name) + 1, "found \"%.20s\" as the number of tokens, expected a number",
                       count ? count : "");
  metadata->width = (uint32_t)width;
  for (const char *line; (line = take_line(&text));) take_stamp(line, metadata);
  metadata->there = true;
  return true;
}

static bool read_file(const char *path, token_metadata *metadata) {
  char text[MOST_BYTES + 1];
  int fd;
  uint64_t bytes;
  size_t got = 0;
  if (!file_open(path, &fd, &bytes)) return false;
  bool good = file_read_some(fd, path, 0, text, MOST_BYTES, &got);
  close(fd);
  text[got] = 0;
  return good && parse(path, text, metadata);
}

bool token_metadata_read(const char *path, token_metadata *metadata) {
  struct stat status;
  bool there = false;
  char *companion = path_make("%s.metadata", path);
  *metadata = (token_metadata){0};
  bool good = companion && file_look_up(companion, &status, &there);
  if (good && there && S_ISREG(status.st_mode)) good = read_file(companion, metadata);
  free(companion);
  return good;
}

static bool check_stamp(const token_file *file, uint64_t stamp) {
  uint64_t found;
  if (!scan_file_fingerprint(file, &found)) return false;
  return found == stamp || error_fail(BATCH_ERROR_FORMAT,
                                      "%.700s.metadata: found the stamp %016" PRIx64 ", expected %016" PRIx64
                                      " for these tokens" BELONGS_ELSEWHERE,
                                      file->path, stamp, found);
}

bool token_metadata_check(const token_file *file) {
  const token_metadata *m = &file->metadata;
  if (!m->there) return true;
  if (m->width != file->width || m->tokens != file->tokens)
    return error_fail(BATCH_ERROR_FORMAT,
                      "%.700s.metadata: found %" PRIu64 " tokens of %" PRIu32 " bytes, expected %" PRIu64
                      " of %" PRIu32 " in the file of %zu bytes" BELONGS_ELSEWHERE,
                      file->path, m->tokens, m->width, file->tokens, file->width, file->map_bytes);
  return !m->stamped || check_stamp(file, m->stamp);
}

/* What printf puts between the digits is the locale's; here it is a point. */
static void put_point(char *number) {
  char *to = number;
  for (const char *from = number; *from; from++)
    if (*from >= '0' && *from <= '9')
      *to++ = *from;
    else if (to == number || to[-1] != '.')
      *to++ = '.';
  *to = '\0';
}

/* Three digits and a prefix, as datatrove has it: 5.00 T, 12.3 kT, 123 MT. */
static void for_people(uint64_t tokens, char *text, size_t room) {
  static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
  uint64_t unit = 1;
  size_t i = 0;
  for (; tokens / unit >= 1000; i++) unit *= 1000;
  double value = (double)tokens / (double)unit;
  char number[32];
  snprintf(number, sizeof number, "%.*f", value < 10 ? 2 : value < 100 ? 1 : 0, value);
  put_point(number);
  snprintf(text, room, "%s %sT", number, prefixes[i]);
}

bool token_metadata_write(out_file *out, const token_file *file) {
  char people[64], text[256];
  uint64_t stamp;
  if (!scan_file_fingerprint(file, &stamp)) return false;
  for_people(file->tokens, people, sizeof people);
  int bytes = snprintf(text, sizeof text, "Unknown Tokenizer|%zu\n%" PRIu64 "\n%s\nheadrace %016" PRIx64 "\n",
                       batch_token_type_size(file->type), file->tokens, people, stamp);
  return out_write(out, text, (size_t)bytes);
}
