/* The places that the end of a document is told: encoding from there on gives what a whole run gives behind it. */
#include "support/dataset_check.h"
#include "support/files.h"
#include "support/packages.h"

#include "text/encode.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(text_places, .init = files_begin, .fini = files_end);

enum { MOST = 64 };

/* What a run gave: ids, -1 behind each document, and the places it was told. */
typedef struct gathered {
  int32_t ids[4096];
  size_t count, documents;
  text_place places[MOST];
  size_t counts[MOST]; /* of ids, at each place */
  uint64_t bad_lines;
} gathered;

static bool take_ids(void *context, const int32_t *ids, size_t count, const uint8_t *loss) {
  gathered *g = context;
  cr_assert_null(loss);
  cr_assert(g->count + count < sizeof g->ids / sizeof *g->ids);
  memcpy(g->ids + g->count, ids, count * sizeof *ids);
  g->count += count;
  return true;
}

static bool take_end(void *context, const text_place *next) {
  gathered *g = context;
  cr_assert_lt(g->documents, MOST);
  g->ids[g->count++] = -1;
  g->places[g->documents] = *next;
  g->counts[g->documents++] = g->count;
  return true;
}

static text_file open_file(const char *path, bool jsonl, bool compressed) {
  text_file file = {path, open(path, O_RDONLY | O_CLOEXEC), jsonl, compressed};
  cr_assert_geq(file.fd, 0);
  return file;
}

static void gather(const text_file *file, const text_place *from, gathered *g) {
  const batch_dataset_options given = {.size = sizeof given, .on_bad_line = BATCH_BAD_LINE_SKIP};
  encode_options mine;
  *g = (gathered){0};
  cr_assert(encode_read_options("test", &given, &mine));
  const token_sink sink = {.tokens = take_ids, .end_document = take_end, .context = g};
  cr_assert(encode_file(file, &mine.options, from, &sink, &g->bad_lines), "%s", batch_last_error()->message);
}

static void assert_every_place_goes_on(const char *path, bool jsonl, bool compressed, size_t documents) {
  text_file file = open_file(path, jsonl, compressed);
  gathered *whole = malloc(sizeof *whole), *rest = malloc(sizeof *rest);
  gather(&file, NULL, whole);
  cr_assert_eq(whole->documents, documents, "%s: %zu documents", path, whole->documents);
  for (size_t i = 0; i < documents; i++) {
    gather(&file, &whole->places[i], rest);
    cr_assert_eq(rest->documents, documents - i - 1);
    cr_assert_eq(rest->count, whole->count - whole->counts[i], "%s, behind document %zu", path, i);
    cr_assert_arr_eq(rest->ids, whole->ids + whole->counts[i], rest->count * sizeof *rest->ids);
    cr_assert_eq(rest->bad_lines, whole->bad_lines);
    for (size_t j = i + 1; j < documents; j++) {
      cr_assert_eq(rest->places[j - i - 1].offset, whole->places[j].offset);
      cr_assert_eq(rest->places[j - i - 1].line, whole->places[j].line);
      cr_assert_eq(rest->places[j - i - 1].bad_lines, whole->places[j].bad_lines);
    }
  }
  free(whole);
  free(rest);
  close(file.fd);
}

static const char lines[] =
    "\xEF\xBB\xBF{\"text\":\"one\"}\n\n{\"text\":7}\n{\"text\":\"two\"}\r\n{\"text\":\"\"}\n \n"
    "{\"text\":\"three\"}\nno\n{\"text\":\"four\"}";

Test(text_places, of_json_lines) {
  assert_every_place_goes_on(write_text("a.jsonl", lines), true, false, 5);
}

Test(text_places, of_compressed_json_lines) {
  need_package(PACKAGE_ZLIB);
  const char *path = write_text("a.jsonl", lines);
  char command[700];
  snprintf(command, sizeof command, "gzip -k '%s'", path);
  cr_assert_eq(run_program((const char *[]){"sh", "-c", command, NULL}), 0);
  assert_every_place_goes_on(path_of("a.jsonl.gz"), true, true, 5);
}

Test(text_places, of_text_is_its_end) {
  assert_every_place_goes_on(write_text("a.txt", "a text"), false, false, 1);
  assert_every_place_goes_on(write_text("b.txt", ""), false, false, 1);
}

Test(text_places, a_line_is_counted_from_the_start_of_the_file) {
  text_file file =
      open_file(write_text("a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n7\n"), true, false);
  encode_options mine;
  gathered *g = calloc(1, sizeof *g);
  const token_sink sink = {.tokens = take_ids, .end_document = take_end, .context = g};
  cr_assert(encode_read_options("test", NULL, &mine));
  cr_assert(!encode_file(&file, &mine.options, &(text_place){15, 1, 0}, &sink, &g->bad_lines));
  assert_error(BATCH_ERROR_FORMAT, "byte 30", "line 3", "a number");
  free(g);
  close(file.fd);
}

Test(text_places, behind_the_end_is_an_error) {
  text_file file = open_file(write_text("a.jsonl", "{\"text\":\"one\"}\n"), true, false);
  encode_options mine;
  gathered *g = calloc(1, sizeof *g);
  const token_sink sink = {.tokens = take_ids, .end_document = take_end, .context = g};
  cr_assert(encode_read_options("test", NULL, &mine));
  cr_assert(!encode_file(&file, &mine.options, &(text_place){16, 1, 0}, &sink, &g->bad_lines));
  assert_error(BATCH_ERROR_FORMAT, "byte 15", "end of the text", "byte 16");
  free(g);
  close(file.fd);
}
