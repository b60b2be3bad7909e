#include "text/json_find.h"

#include <string.h>

typedef struct search {
  const char *name; /* what is left of the path */
  json_found *nested;
  json_found *whole; /* under the whole of `name`; NULL below the top */
} search;

typedef struct searches {
  search *each;
  size_t count;
  bool *out_of_memory;
} searches;

static bool key_is(const searches *s, const json_slice *key, const char *name, size_t length) {
  if (!memchr(key->text, '\\', key->bytes))
    return key->bytes == length && memcmp(key->text, name, length) == 0;
  text_buffer meant = {0};
  size_t bad;
  if (!json_unescape(key, BATCH_MALFORMED_KEEP, &meant, &bad)) *s->out_of_memory = true;
  bool same = meant.used == length && memcmp(meant.data, name, length) == 0;
  text_buffer_free(&meant);
  return same && !*s->out_of_memory;
}

static bool take_value(json_text *t, json_found *result) {
  *result = (json_found){.value = t->at};
  if (t->at == t->end || *t->at != '"') return json_skip_value(t);
  return json_read_string(t, &result->string);
}

static bool visit(void *context, const json_slice *key, json_text *t);

/* The value of a member that is the first of a path. */
static bool go_below(const searches *all, const search *s, const char *dot, json_text *t) {
  *s->nested = (json_found){0};
  if (!dot) return take_value(t, s->nested);
  if (t->at == t->end || *t->at != '{') return json_skip_value(t);
  search rest = {dot + 1, s->nested, NULL};
  searches below = {&rest, 1, all->out_of_memory};
  return json_each_member(t, visit, &below);
}

/* *passed: it was one of this search, and its value is passed over. */
static bool visit_one(const searches *all, const search *s, const json_slice *key, json_text *t,
                      bool *passed) {
  const char *dot = strchr(s->name, '.');
  size_t length = strlen(s->name), first = dot ? (size_t)(dot - s->name) : length;
  *passed = true;
  if (s->whole && dot && key_is(all, key, s->name, length)) return take_value(t, s->whole);
  if (key_is(all, key, s->name, first)) return go_below(all, s, dot, t);
  *passed = false;
  return !*all->out_of_memory;
}

/* A member of the object at hand; several paths may begin with its name. */
static bool visit(void *context, const json_slice *key, json_text *t) {
  const searches *s = context;
  const json_text value = *t;
  bool any = false;
  for (size_t i = 0; i < s->count; i++) {
    json_text own = value;
    bool passed, good = visit_one(s, &s->each[i], key, &own, &passed);
    if (passed) *t = own;
    if (!good) return false;
    any |= passed;
  }
  return any || json_skip_value(t);
}

bool json_find(json_text *t, json_field *fields, size_t count, bool *out_of_memory) {
  json_found whole[JSON_FIND_MOST] = {0};
  search each[JSON_FIND_MOST];
  for (size_t i = 0; i < count; i++) {
    fields[i].found = (json_found){0};
    each[i] = (search){fields[i].name, &fields[i].found, &whole[i]};
  }
  searches s = {each, count, out_of_memory};
  bool good = json_each_member(t, visit, &s);
  for (size_t i = 0; i < count; i++)
    if (whole[i].value) fields[i].found = whole[i];
  return good && !*out_of_memory;
}
