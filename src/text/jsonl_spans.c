/* Arrays of spans and of chat messages. They were passed over as valid JSON before: here only what they mean can be
   wrong. */
#include <stdio.h>
#include <string.h>

#include "text/jsonl_reading.h"
#include "text/span_options.h"

/* An array that is being read. */
typedef struct elements {
  const jsonl_reading *reading;
  const char *kind; /* of its elements, for people */
  size_t number;    /* of the element at hand, from 1 */
  size_t message;   /* that the array is in; 0: none */
} elements;

static bool read_elements(elements *e, const char *array, json_element element) {
  const jsonl_line *line = e->reading->line;
  json_text t = {.at = array, .end = line->text + line->bytes};
  return json_each_element(&t, element, e);
}

enum { NAME = 96 };

/* The element at hand, for people. */
static const char *name_of(const elements *e, char name[NAME]) {
  int used = snprintf(name, NAME, "%s %zu", e->kind, e->number);
  if (e->message) snprintf(name + used, NAME - (size_t)used, " of message %zu", e->message);
  return name;
}

/* Finds the members of the next element. */
static bool next_element(elements *e, json_text *t, json_field *fields, size_t count) {
  bool out_of_memory = false;
  char name[NAME];
  e->number++;
  if (*t->at == '{') return json_find(t, fields, count, &out_of_memory);
  return jsonl_fail(e->reading, t->at, "found %s as %s, expected an object", json_kind_name(*t->at),
                    name_of(e, name));
}

/* start: of the element. */
static bool wrong_field(const elements *e, const json_field *f, const char *start, const char *expected) {
  char name[NAME];
  return jsonl_fail(e->reading, jsonl_found_place(&f->found, start),
                    "found %s as \"%.100s\" of %s, expected %s", jsonl_found_kind(&f->found), f->name,
                    name_of(e, name), expected);
}

static bool is_word(const char *at, const char *end, const char *word) {
  size_t bytes = strlen(word);
  return (size_t)(end - at) == bytes && memcmp(at, word, bytes) == 0;
}

/* *masked stays where nothing is said. */
static bool read_train(const elements *e, const json_field *f, bool *masked) {
  const jsonl_line *line = e->reading->line;
  json_text t = {.at = f->found.value, .end = line->text + line->bytes};
  if (!t.at) return true;
  json_skip_value(&t);
  const char *at = f->found.value;
  if (is_word(at, t.at, "null")) return true;
  *masked = is_word(at, t.at, "false") || is_word(at, t.at, "0");
  return *masked || is_word(at, t.at, "true") || is_word(at, t.at, "1") ||
         wrong_field(e, f, at, "true, false, 1 or 0");
}

static bool read_span(void *context, json_text *t) {
  elements *e = context;
  const jsonl_reading *r = e->reading;
  const char *start = t->at;
  json_field fields[2] = {{.name = "text"}, {.name = r->form->spans->train_field}};
  bool masked = false;
  if (!next_element(e, t, fields, 2)) return false;
  if (!fields[0].found.string.text) return wrong_field(e, &fields[0], start, "a string");
  return read_train(e, &fields[1], &masked) && jsonl_append(r, &fields[0].found.string, &r->document->text) &&
         jsonl_document_end_span(r->document, masked);
}

static bool is_text_part(const elements *e, const json_field *type, const char *start) {
  const json_slice *is = &type->found.string;
  char name[NAME];
  if (!is->text) return wrong_field(e, type, start, "\"text\"");
  return is_word(is->text, is->text + is->bytes, "text") ||
         jsonl_fail(e->reading, type->found.value, "found \"%.*s\" as \"type\" of %s, expected \"text\"",
                    is->bytes < 60 ? (int)is->bytes : 60, is->text, name_of(e, name));
}

static bool read_part(void *context, json_text *t) {
  elements *e = context;
  const jsonl_reading *r = e->reading;
  const char *start = t->at;
  json_field fields[2] = {{.name = "text"}, {.name = "type"}};
  if (!next_element(e, t, fields, 2) || !is_text_part(e, &fields[1], start)) return false;
  if (!fields[0].found.string.text) return wrong_field(e, &fields[0], start, "a string");
  return jsonl_append(r, &fields[0].found.string, &r->document->text);
}

static bool read_content(const elements *e, const json_field *f, const char *start) {
  const jsonl_reading *r = e->reading;
  elements parts = {.reading = r, .kind = "part", .message = e->number};
  if (f->found.string.text) return jsonl_append(r, &f->found.string, &r->document->text);
  if (f->found.value && *f->found.value == '[') return read_elements(&parts, f->found.value, read_part);
  return wrong_field(e, f, start, "a string or an array of parts of type \"text\"");
}

/* Text around a message, with its role in it. */
static bool put_around(jsonl_document *d, const char *text) {
  static const char mark[] = "{role}";
  for (const char *at; (at = strstr(text, mark)); text = at + strlen(mark))
    if (!text_buffer_append(&d->text, text, (size_t)(at - text)) ||
        !text_buffer_append(&d->text, d->role.data, d->role.used))
      return false;
  return text_buffer_append(&d->text, text, strlen(text));
}

static bool check_length(const elements *e, const char *start) {
  const jsonl_reading *r = e->reading;
  return r->document->text.used <= r->form->longest ||
         jsonl_fail(
             r, start,
             "found more than %zu bytes up to message %zu, with what stands around them, expected at most "
             "that many (the longest document: options.longest_document)",
             r->form->longest, e->number);
}

static bool read_message(void *context, json_text *t) {
  elements *e = context;
  const jsonl_reading *r = e->reading;
  jsonl_document *d = r->document;
  const batch_span_options *o = r->form->spans;
  const char *start = t->at;
  json_field fields[3] = {{.name = o->role_field}, {.name = o->content_field}, {.name = o->train_field}};
  d->role.used = 0;
  if (!next_element(e, t, fields, 3)) return false;
  if (!fields[0].found.string.text) return wrong_field(e, &fields[0], start, "a string");
  if (!jsonl_append(r, &fields[0].found.string, &d->role)) return false;
  bool masked = !span_options_train(o, d->role.data, d->role.used);
  return read_train(e, &fields[2], &masked) && put_around(d, o->before) && jsonl_document_end_span(d, true) &&
         read_content(e, &fields[1], start) && put_around(d, o->after) && check_length(e, start) &&
         jsonl_document_end_span(d, masked);
}

bool jsonl_read_spans(const jsonl_reading *reading, const char *array) {
  bool messages = reading->form->spans->kind == BATCH_SPANS_MESSAGES;
  elements e = {.reading = reading, .kind = messages ? "message" : "span"};
  return read_elements(&e, array, messages ? read_message : read_span);
}
