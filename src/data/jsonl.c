#include "data/jsonl.h"

#include "data/file.h"

#ifdef HEADRACE_WITH_JANSSON
#include <jansson.h>

bool jsonl_supported(const char *path) {
  (void)path;
  return true;
}

static const char *type_name(const json_t *value) {
  static const char *const names[] = {"an object", "an array", "a string", "a number",
                                      "a number",  "true",     "false",    "null"};
  return value ? names[json_typeof(value)] : "nothing";
}

#define line_fail(line, text, ...)                                                                           \
  format_fail((line)->path, (line)->offset, "line %" PRIu64 ": " text, (line)->number, __VA_ARGS__)

bool jsonl_parse(const jsonl_line *line, const char *field, void **json, const char **text, size_t *bytes) {
  json_error_t error;
  json_t *root = json_loadb(line->text, line->bytes, JSON_ALLOW_NUL, &error);
  *json = root;
  if (!root)
    return line_fail(line, "found no JSON (%s at byte %d of the line), expected an object", error.text,
                     error.position);
  if (!json_is_object(root)) return line_fail(line, "found %s, expected an object", type_name(root));
  const json_t *value = json_object_get(root, field);
  if (!json_is_string(value))
    return line_fail(line, "found %s as \"%.100s\", expected a string", type_name(value), field);
  *text = json_string_value(value);
  *bytes = json_string_length(value);
  return true;
}

void jsonl_free(void *json) {
  json_decref(json);
}
#else
bool jsonl_supported(const char *path) {
  return error_fail(BATCH_UNSUPPORTED, "%.700s: is .jsonl, and this libheadrace was built without jansson",
                    path);
}

bool jsonl_parse(const jsonl_line *line, const char *field, void **json, const char **text, size_t *bytes) {
  (void)field, (void)json, (void)text, (void)bytes;
  return jsonl_supported(line->path);
}

void jsonl_free(void *json) {
  (void)json;
}
#endif
