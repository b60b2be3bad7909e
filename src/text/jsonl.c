#include "text/jsonl.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "text/jsonl_reading.h"

bool jsonl_fail(const jsonl_reading *r, const char *where, const char *sentence, ...) {
  va_list arguments;
  va_start(arguments, sentence);
  vsnprintf(r->wrong->what, sizeof r->wrong->what, sentence, arguments);
  va_end(arguments);
  r->wrong->at = (size_t)(where - r->line->text);
  return false;
}

const char *jsonl_found_kind(const json_found *found) {
  return found->value ? json_kind_name(*found->value) : "nothing";
}

const char *jsonl_found_place(const json_found *found, const char *otherwise) {
  return found->value ? found->value : otherwise;
}

static bool no_json(const jsonl_reading *r, const json_text *t) {
  char what[32] = "the end of the line";
  uint8_t byte = t->at < t->end ? (uint8_t)*t->at : 0;
  if (t->at < t->end) snprintf(what, sizeof what, byte > ' ' && byte < 0x7F ? "%c" : "byte 0x%02X", byte);
  return jsonl_fail(r, t->at, "found no JSON (%s), expected %s", what, t->expected);
}

/* *start: where the line's object begins. */
static bool find(const jsonl_reading *r, json_field *fields, size_t count, const char **start) {
  bool out_of_memory = false;
  json_text t = {.at = r->line->text, .end = r->line->text + r->line->bytes};
  json_skip_space(&t);
  *start = t.at;
  bool object = t.at < t.end && *t.at == '{';
  bool good = object ? json_find(&t, fields, count, &out_of_memory) : json_skip_value(&t);
  if (out_of_memory) return false;
  if (!good) return no_json(r, &t);
  json_skip_space(&t);
  t.expected = "the end of the line";
  if (t.at < t.end) return no_json(r, &t);
  return object || jsonl_fail(r, *start, "found %s, expected an object", json_kind_name(**start));
}

static bool malformed_fail(const jsonl_reading *r, const json_slice *string, size_t bad) {
  const char *at = string->text + bad;
  if (*at == '\\')
    return jsonl_fail(r, at, "found half of a surrogate pair (%.6s), expected both or UTF-8", at);
  return jsonl_fail(r, at, "found byte 0x%02X, expected UTF-8", (uint8_t)*at);
}

bool jsonl_append(const jsonl_reading *r, const json_slice *string, text_buffer *to) {
  size_t bad;
  if (json_unescape(string, r->form->malformed, to, &bad)) return true;
  return bad == SIZE_MAX ? false : malformed_fail(r, string, bad);
}

/* A string, or an array of spans or messages. */
static bool read_field(const jsonl_reading *r) {
  json_field field = {.name = r->form->field};
  const json_found *found = &field.found;
  const char *start;
  bool messages = r->form->spans->kind == BATCH_SPANS_MESSAGES;
  if (!find(r, &field, 1, &start)) return false;
  if (found->string.text && !messages) return jsonl_append(r, &found->string, &r->document->text);
  if (found->value && *found->value == '[') return jsonl_read_spans(r, found->value);
  return jsonl_fail(r, jsonl_found_place(found, start), "found %s as \"%.100s\", expected %s%s",
                    jsonl_found_kind(found), field.name,
                    messages ? "an array of messages" : "a string or an array of spans",
                    found->value ? "" : "; another member is named by options.text_field, --field");
}

static bool read_prompt(const jsonl_reading *r) {
  const batch_span_options *spans = r->form->spans;
  json_field fields[2] = {{.name = spans->prompt_field}, {.name = spans->completion_field}};
  const char *start;
  if (!find(r, fields, 2, &start)) return false;
  for (int i = 0; i < 2; i++) {
    const json_found *found = &fields[i].found;
    if (!found->string.text)
      return jsonl_fail(r, jsonl_found_place(found, start), "found %s as \"%.100s\", expected a string",
                        jsonl_found_kind(found), fields[i].name);
    if (!jsonl_append(r, &found->string, &r->document->text) || !jsonl_document_end_span(r->document, i == 0))
      return false;
  }
  return true;
}

bool jsonl_read(const jsonl_line *line, const jsonl_form *form, jsonl_document *document,
                jsonl_wrong *wrong) {
  const jsonl_reading r = {line, form, document, wrong};
  wrong->what[0] = '\0';
  return form->spans->kind == BATCH_SPANS_PROMPT ? read_prompt(&r) : read_field(&r);
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
