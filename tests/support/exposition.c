#include "support/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define DIGITS  "0123456789"

/* A text that is being read: the family at hand. */
typedef struct reading {
  exposition *e;
  unsigned line;
  char helped[100], typed[100]; /* the families of the last HELP and TYPE; "" once others follow */
  bool counter, sampled;        /* of the one that is typed */
} reading;

static bool wrong(reading *r, const char *what) {
  snprintf(r->e->fault, sizeof r->e->fault, "line %u: %s", r->line, what);
  return false;
}

/* Reads a name of `first` letters, and digits behind the first; colons are for rules. */
static bool read_name(const char **at, char *name, size_t room) {
  size_t length = strspn(*at, LETTERS DIGITS);
  if (length == 0 || length >= room || strchr(DIGITS, **at)) return false;
  snprintf(name, room, "%.*s", (int)length, *at);
  *at += length;
  return true;
}

static bool is_begun(const reading *r, const char *name) {
  for (size_t i = 0; i < r->e->count; i++)
    if (strcmp(r->e->samples[i].name, name) == 0) return true;
  return false;
}

static bool ends_in_total(const char *name) {
  size_t length = strlen(name);
  return length > 6 && strcmp(name + length - 6, "_total") == 0;
}

static bool read_help(reading *r, const char *at) {
  if (*r->helped && !*r->typed) return wrong(r, "a HELP behind another one");
  if (*r->typed && !r->sampled) return wrong(r, "a family without samples");
  if (!read_name(&at, r->helped, sizeof r->helped) || *at++ != ' ') return wrong(r, "HELP has no name");
  if (!*at) return wrong(r, "HELP has no text");
  for (; *at; at++)
    if (*at == '\\' && *++at != '\\' && *at != 'n') return wrong(r, "HELP has a \\ that is not escaped");
  *r->typed = '\0';
  return !is_begun(r, r->helped) || wrong(r, "a family begins again");
}

static bool read_type(reading *r, const char *at) {
  if (!read_name(&at, r->typed, sizeof r->typed)) return wrong(r, "TYPE has no name");
  if (strcmp(r->typed, r->helped) != 0) return wrong(r, "TYPE is of another family than HELP");
  r->counter = strcmp(at, " counter") == 0;
  if (!r->counter && strcmp(at, " gauge") != 0) return wrong(r, "TYPE is neither counter nor gauge");
  if (r->counter != ends_in_total(r->typed)) return wrong(r, "counters, and no others, end in _total");
  r->sampled = false;
  return true;
}

static bool read_label_value(reading *r, const char **at) {
  for (; **at && **at != '"'; ++*at)
    if (**at == '\\' && !strchr("\\\"n", *++*at)) return wrong(r, "a \\ that escapes nothing");
  return **at == '"' || wrong(r, "a label's value has no end");
}

/* {a="b",c="d"}, none of the names twice. */
static bool read_labels(reading *r, const char **at, exposition_sample *s) {
  char names[8][100];
  const char *begin = *at + 1;
  unsigned count = 0;
  do {
    ++*at;
    if (count == 8 || !read_name(at, names[count], sizeof *names)) return wrong(r, "a label has no name");
    for (unsigned i = 0; i < count; i++)
      if (strcmp(names[i], names[count]) == 0) return wrong(r, "a label stands twice");
    count++;
    if (strncmp(*at, "=\"", 2) != 0) return wrong(r, "a label has no value");
    *at += 2;
    if (!read_label_value(r, at)) return false;
  } while (*++*at == ',');
  if (**at != '}') return wrong(r, "the labels have no end");
  snprintf(s->labels, sizeof s->labels, "%.*s", (int)(*at - begin), begin);
  ++*at;
  return true;
}

static bool read_value(reading *r, const char *at, exposition_sample *s) {
  char digits[40];
  size_t whole = strspn(at, DIGITS), part = at[whole] == '.' ? strspn(at + whole + 1, DIGITS) : 0;
  bool point = at[whole] == '.';
  if (whole == 0 || (point && part != 9) || at[whole + point + part] || whole + part >= sizeof digits)
    return wrong(r, "a value that is no number, or has more behind it");
  snprintf(digits, sizeof digits, "%.*s%.*s", (int)whole, at, (int)part, at + whole + point);
  s->value = strtoull(digits, NULL, 10);
  return true;
}

static bool read_sample(reading *r, const char *at) {
  exposition_sample s = {.counter = r->counter};
  if (!read_name(&at, s.name, sizeof s.name)) return wrong(r, "a sample has no name");
  if (strcmp(s.name, r->typed) != 0) return wrong(r, "a sample outside of its family");
  if (*at == '{' && !read_labels(r, &at, &s)) return false;
  if (*at++ != ' ') return wrong(r, "no blank before the value");
  if (!read_value(r, at, &s)) return false;
  if (exposition_find(r->e, s.name, s.labels)) return wrong(r, "a sample stands twice");
  exposition_sample *grown = realloc(r->e->samples, (r->e->count + 1) * sizeof *grown);
  if (!grown) return wrong(r, "no memory");
  r->e->samples = grown;
  grown[r->e->count++] = s;
  return r->sampled = true;
}

static bool read_line(reading *r, const char *line) {
  if (strncmp(line, "# HELP ", 7) == 0) return read_help(r, line + 7);
  if (strncmp(line, "# TYPE ", 7) == 0) return read_type(r, line + 7);
  return *line != '#' ? read_sample(r, line) : wrong(r, "a comment that is neither HELP nor TYPE");
}

const char *exposition_read(exposition *e, const char *text) {
  char line[1024];
  *e = (exposition){0};
  reading r = {.e = e};
  for (size_t length; *text; text += length + 1) {
    r.line++;
    length = strcspn(text, "\n");
    if (!text[length] && !wrong(&r, "the last line has no end")) return e->fault;
    if (length >= sizeof line && !wrong(&r, "a line that is too long")) return e->fault;
    snprintf(line, sizeof line, "%.*s", (int)length, text);
    if (!read_line(&r, line)) return e->fault;
  }
  if (!r.sampled && !wrong(&r, "the last family has no sample")) return e->fault;
  return NULL;
}

const exposition_sample *exposition_find(const exposition *e, const char *name, const char *labels) {
  for (size_t i = 0; i < e->count; i++)
    if (strcmp(e->samples[i].name, name) == 0 && strcmp(e->samples[i].labels, labels) == 0)
      return &e->samples[i];
  return NULL;
}

void exposition_free(exposition *e) {
  free(e->samples);
  *e = (exposition){0};
}
