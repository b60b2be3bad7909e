#include "text/readers/json_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { SHOWN = 60 }; /* bytes of a value in a sentence */

static uint64_t offset_of(const json_reader *r, const char *place) {
  return (uint64_t)(place - r->file->bytes);
}

bool json_refuse_at(const json_reader *r, const char *place, const char *text, ...) {
  char what[600];
  va_list arguments;
  va_start(arguments, text);
  vsnprintf(what, sizeof what, text, arguments);
  va_end(arguments);
  return format_fail(r->file->path, offset_of(r, place), "%s", what);
}

static const char *dots(json_slice value) {
  return value.bytes > SHOWN ? "..." : "";
}

static int shown(json_slice value) {
  return (int)(value.bytes > SHOWN ? SHOWN : value.bytes);
}

bool json_refuse(const json_reader *r, const char *where, const json_field *field, const char *expected) {
  return json_refuse_at(r, field->value.text, "found \"%s\": %.*s%s in %s, expected %s", field->name,
                        shown(field->value), field->value.text, dots(field->value), where, expected);
}

static json_text text_of(json_slice value) {
  return (json_text){.at = value.text, .end = value.text + value.bytes};
}

static bool no_json(const json_reader *r, const json_text *t) {
  if (t->at == t->end) return json_refuse_at(r, t->at, "found the end of the file, expected %s", t->expected);
  const char *expected = t->expected ? t->expected : "the end of the file";
  if ((uint8_t)*t->at < ' ')
    return json_refuse_at(r, t->at, "found byte 0x%02X, expected %s", (uint8_t)*t->at, expected);
  return json_refuse_at(r, t->at, "found \"%.*s\", expected %s",
                        (int)(t->end - t->at > 10 ? 10 : t->end - t->at), t->at, expected);
}

bool json_is(json_slice slice, const char *word) {
  return slice.text && slice.bytes == strlen(word) && memcmp(slice.text, word, slice.bytes) == 0;
}

/* What a visit of an object is about. */
typedef struct visit {
  json_reader *r;
  const char *where;
  json_field *fields;
  size_t count;
} visit;

static json_field *field_named(const visit *v, json_slice key) {
  for (size_t i = 0; i < v->count; i++)
    if (json_is(key, v->fields[i].name)) return &v->fields[i];
  return NULL;
}

/* Of a value inside of one that was passed over already: it is valid. */
static json_slice take_value(json_text *t) {
  json_slice value = {.text = t->at};
  json_skip_value(t);
  value.bytes = (size_t)(t->at - value.text);
  return value;
}

static bool take_field(void *context, const json_slice *key, json_text *t) {
  const visit *v = context;
  json_slice value = {.text = t->at};
  if (!json_skip_value(t)) return false;
  value.bytes = (size_t)(t->at - value.text);
  json_field *field = field_named(v, *key);
  if (!field)
    return json_refuse_at(v->r, key->text,
                          "found \"%.*s\": %.*s%s in %s, expected only members that this version knows",
                          shown(*key), key->text, shown(value), value.text, dots(value), v->where);
  if (field->value.text)
    return json_refuse_at(v->r, key->text, "found \"%s\" in %s again, expected it once", field->name,
                          v->where);
  field->value = value;
  return true;
}

static bool is_object(const json_reader *r, const char *where, json_slice value) {
  return *value.text == '{' || json_refuse_at(r, value.text, "found %.*s%s as %s, expected an object",
                                              shown(value), value.text, dots(value), where);
}

static bool read_fields(json_text *t, const visit *v) {
  const char *object = t->at;
  if (!json_each_member(t, take_field, (void *)(uintptr_t)v)) return t->expected && no_json(v->r, t);
  for (size_t i = 0; i < v->count; i++)
    if (v->fields[i].needed && !v->fields[i].value.text)
      return json_refuse_at(v->r, object, "found no \"%s\" in %s, expected it", v->fields[i].name, v->where);
  return true;
}

bool json_read_document(json_reader *r, const char *where, json_field *fields, size_t count) {
  json_text t = {.at = r->file->bytes, .end = r->file->bytes + r->file->count};
  json_skip_space(&t);
  if (!read_fields(&t, &(visit){r, where, fields, count})) return false;
  json_skip_space(&t);
  return t.at == t.end || no_json(r, &t);
}

bool json_read_fields(json_reader *r, const char *where, json_slice object, json_field *fields,
                      size_t count) {
  json_text t = text_of(object);
  return is_object(r, where, object) && read_fields(&t, &(visit){r, where, fields, count});
}

/* Stops at the first one: it mostly is the first member, and a second one is refused with the fields. */
static bool take_type(void *context, const json_slice *key, json_text *t) {
  json_slice *type = context, value = take_value(t);
  if (json_is(*key, "type")) *type = value;
  return !type->text;
}

bool json_read_type(json_reader *r, const char *where, json_slice object, json_slice *type) {
  json_text t = text_of(object);
  *type = (json_slice){NULL, 0};
  if (!is_object(r, where, object)) return false;
  (void)json_each_member(&t, take_type, type);
  if (!type->text) return true;
  if (*type->text != '"')
    return json_refuse(r, where, &(json_field){.name = "type", .value = *type}, "a string");
  *type = (json_slice){type->text + 1, type->bytes - 2};
  return true;
}

bool json_must_be(const json_reader *r, const char *where, const json_field *field, const char *one,
                  const char *other) {
  char expected[80];
  if (!field->value.text || json_is(field->value, one) || (other && json_is(field->value, other)))
    return true;
  snprintf(expected, sizeof expected, "%s%s%s, which is what this version does", one, other ? " or " : "",
           other ? other : "");
  return json_refuse(r, where, field, expected);
}

bool json_read_flag(const json_reader *r, const char *where, const json_field *field, bool *flag) {
  if (!field->value.text) return true;
  *flag = json_is(field->value, "true");
  return *flag || json_is(field->value, "false") || json_refuse(r, where, field, "true or false");
}

bool json_read_id(const json_slice *value, int32_t *id) {
  uint64_t number = 0;
  for (size_t i = 0; i < value->bytes && number <= INT32_MAX; i++) {
    if (value->text[i] < '0' || value->text[i] > '9') return false;
    number = 10 * number + (uint64_t)(value->text[i] - '0');
  }
  *id = (int32_t)number;
  return number <= INT32_MAX;
}

bool json_unescape_text(json_reader *r, const json_slice *string) {
  size_t bad;
  r->text.used = 0;
  if (json_unescape(string, BATCH_MALFORMED_ERROR, &r->text, &bad)) return true;
  if (bad == SIZE_MAX)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "%.700s: no memory for a text of %zu bytes", r->file->path,
                      string->bytes);
  if (string->text[bad] == '\\')
    return json_refuse_at(r, string->text + bad,
                          "found half of a surrogate pair (%.6s), expected both or UTF-8",
                          string->text + bad);
  return json_refuse_at(r, string->text + bad, "found byte 0x%02X, expected UTF-8",
                        (uint8_t)string->text[bad]);
}

bool json_read_text(json_reader *r, const char *where, const json_field *field) {
  json_slice value = field->value;
  if (*value.text != '"') return json_refuse(r, where, field, "a string");
  return json_unescape_text(r, &(json_slice){value.text + 1, value.bytes - 2});
}

typedef struct array_visit {
  json_reader *r;
  const char *where, *name;
  json_read_element element;
  void *context;
  size_t index;
} array_visit;

static bool take_element(void *context, json_text *t) {
  array_visit *v = context;
  char where[JSON_WHERE];
  snprintf(where, sizeof where, "%s%s%s[%zu]", v->where, *v->where ? "." : "", v->name, v->index++);
  return v->element(v->context, v->r, where, take_value(t));
}

bool json_read_array(json_reader *r, const char *where, const json_field *field, json_read_element element,
                     void *context) {
  json_text t = text_of(field->value);
  array_visit v = {r, where, field->name, element, context, 0};
  if (*field->value.text != '[') return json_refuse(r, where, field, "an array");
  if (r->arrays == JSON_ARRAYS) return json_refuse(r, where, field, "values nested less deep");
  r->arrays++;
  bool good = json_each_element(&t, take_element, &v);
  r->arrays--;
  return good;
}
