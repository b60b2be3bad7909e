#include "text/jsonl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 4, 5))) static bool line_fail(const jsonl_line *line, jsonl_wrong *wrong,
                                                            const char *where, const char *sentence, ...) {
  va_list arguments;
  va_start(arguments, sentence);
  vsnprintf(wrong->what, sizeof wrong->what, sentence, arguments);
  va_end(arguments);
  wrong->at = (size_t)(where - line->text);
  return false;
}

/* What stands under a name: nothing (text is NULL), a string, or another value. */
typedef struct found {
  json_slice string;
  const char *value; /* its first byte */
} found;

typedef struct search {
  const char *name; /* what is left of the path */
  found *nested;
  found *whole; /* under the whole of `name`; NULL below the top */
  bool out_of_memory;
} search;

/* Names with escapes are compared by what they mean. */
static bool key_is(search *s, const json_slice *key, const char *name, size_t length) {
  if (!memchr(key->text, '\\', key->bytes))
    return key->bytes == length && memcmp(key->text, name, length) == 0;
  text_buffer meant = {0};
  size_t bad;
  if (!json_unescape(key, BATCH_MALFORMED_KEEP, &meant, &bad)) s->out_of_memory = true;
  bool same = meant.used == length && memcmp(meant.data, name, length) == 0;
  text_buffer_free(&meant);
  return same && !s->out_of_memory;
}

static bool take_value(json_text *t, found *result) {
  *result = (found){.value = t->at};
  if (t->at == t->end || *t->at != '"') return json_skip_value(t);
  return json_read_string(t, &result->string);
}

/* A member of the object at hand; the path goes on below it where a dot follows its name. */
static bool visit(void *context, const json_slice *key, json_text *t) {
  search *s = context;
  const char *dot = strchr(s->name, '.');
  size_t length = strlen(s->name), first = dot ? (size_t)(dot - s->name) : length;
  if (s->whole && dot && key_is(s, key, s->name, length)) return take_value(t, s->whole);
  if (!key_is(s, key, s->name, first)) return !s->out_of_memory && json_skip_value(t);
  *s->nested = (found){0};
  if (!dot) return take_value(t, s->nested);
  if (t->at == t->end || *t->at != '{') return json_skip_value(t);
  search below = {dot + 1, s->nested, NULL, false};
  bool good = json_each_member(t, visit, &below);
  s->out_of_memory |= below.out_of_memory;
  return good;
}

static bool no_json(const jsonl_line *line, jsonl_wrong *wrong, const json_text *t) {
  char what[32] = "the end of the line";
  uint8_t byte = t->at < t->end ? (uint8_t)*t->at : 0;
  if (t->at < t->end) snprintf(what, sizeof what, byte > ' ' && byte < 0x7F ? "%c" : "byte 0x%02X", byte);
  return line_fail(line, wrong, t->at, "found no JSON (%s), expected %s", what, t->expected);
}

static bool find(const jsonl_line *line, const char *field, found *result, jsonl_wrong *wrong) {
  found whole = {0};
  search s = {field, result, &whole, false};
  json_text t = {.at = line->text, .end = line->text + line->bytes};
  json_skip_space(&t);
  const char *start = t.at;
  bool object = t.at < t.end && *t.at == '{';
  bool good = object ? json_each_member(&t, visit, &s) : json_skip_value(&t);
  if (s.out_of_memory) return false;
  if (!good) return no_json(line, wrong, &t);
  json_skip_space(&t);
  t.expected = "the end of the line";
  if (t.at < t.end) return no_json(line, wrong, &t);
  if (!object) return line_fail(line, wrong, start, "found %s, expected an object", json_kind_name(*start));
  if (whole.value) *result = whole;
  if (result->string.text) return true;
  return line_fail(line, wrong, result->value ? result->value : start,
                   "found %s as \"%.100s\", expected a string",
                   result->value ? json_kind_name(*result->value) : "nothing", field);
}

static bool malformed_fail(const jsonl_line *line, const json_slice *string, size_t bad, jsonl_wrong *wrong) {
  const char *at = string->text + bad;
  if (*at == '\\')
    return line_fail(line, wrong, at, "found half of a surrogate pair (%.6s), expected both or UTF-8", at);
  return line_fail(line, wrong, at, "found byte 0x%02X, expected UTF-8", (uint8_t)*at);
}

bool jsonl_read(const jsonl_line *line, const char *field, batch_malformed malformed, text_buffer *text,
                jsonl_wrong *wrong) {
  found result = {0};
  size_t bad;
  wrong->what[0] = '\0';
  if (!find(line, field, &result, wrong)) return false;
  if (json_unescape(&result.string, malformed, text, &bad)) return true;
  return bad == SIZE_MAX ? false : malformed_fail(line, &result.string, bad, wrong);
}

jsonl_look jsonl_look_at(const char *text, size_t bytes) {
  json_text t = {.at = text, .end = text + bytes};
  json_skip_space(&t);
  const char *start = t.at;
  if (t.at == t.end || (*start != '{' && *start != '[')) return JSONL_NO;
  bool whole = json_skip_value(&t);
  if (!whole && t.at < t.end) return JSONL_NO;
  bool broken = memchr(start, '\n', (size_t)(t.at - start)) != NULL;
  if (*start == '[') {
    json_skip_space(&t);
    return t.at == t.end ? JSONL_ARRAY : JSONL_NO;
  }
  if (broken) return JSONL_OTHER;
  while (t.at < t.end && (*t.at == ' ' || *t.at == '\t' || *t.at == '\r')) t.at++;
  if (t.at == t.end || *t.at == '\n') return JSONL_LINES;
  return *t.at == '{' || *t.at == ',' ? JSONL_OTHER : JSONL_NO;
}
