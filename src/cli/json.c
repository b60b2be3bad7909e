#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli.h"

/* Whether what is in it has a line each. */
static bool has_lines(const json *j, unsigned depth) {
  return depth == 1 || (depth == 2 && j->closing[1] == ']');
}

/* Bytes of a control character at the start of a text of UTF-8, C1 among them, which a terminal would obey; 0: it is none. */
static size_t control_bytes(const char *text, size_t bytes) {
  unsigned char c = (unsigned char)text[0];
  if (c < 32 || c == 127) return 1;
  return c == 0xC2 && bytes > 1 && (unsigned char)text[1] < 0xA0 ? 2 : 0;
}

static void print_characters(const char *text, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) {
    size_t control = control_bytes(text + i, bytes - i);
    if (control > 0) {
      i += control - 1;
      printf("\\u%04x", (unsigned)(unsigned char)text[i]);
    } else {
      if (text[i] == '"' || text[i] == '\\') putchar('\\');
      putchar(text[i]);
    }
  }
}

static void print_string(const char *text) {
  bool whole;
  putchar('"');
  for (size_t bytes; *text; text += bytes) {
    bytes = cli_character(text, &whole);
    if (whole)
      print_characters(text, bytes);
    else
      fputs("\xEF\xBF\xBD", stdout);
  }
  putchar('"');
}

/* What stands before a value. */
static void begin(json *j, const char *key) {
  unsigned depth = j->depth;
  if (depth > 0) {
    bool first = !j->begun[depth - 1];
    j->begun[depth - 1] = true;
    if (!first) putchar(',');
    if (has_lines(j, depth))
      printf("\n%*s", 2 * (int)depth, "");
    else if (!first)
      putchar(' ');
  }
  if (!key) return;
  print_string(key);
  fputs(": ", stdout);
}

void json_open(json *j, const char *key, char bracket) {
  begin(j, key);
  putchar(bracket);
  j->closing[j->depth] = bracket == '{' ? '}' : ']';
  j->begun[j->depth] = false;
  j->depth++;
}

void json_close(json *j) {
  if (j->begun[j->depth - 1] && has_lines(j, j->depth)) printf("\n%*s", 2 * (int)(j->depth - 1), "");
  putchar(j->closing[--j->depth]);
  if (j->depth == 0) putchar('\n');
}

void json_count(json *j, const char *key, uint64_t value) {
  begin(j, key);
  printf("%" PRIu64, value);
}

void json_integer(json *j, const char *key, int64_t value) {
  begin(j, key);
  printf("%" PRId64, value);
}

void json_number(json *j, const char *key, double value) {
  begin(j, key);
  if (isfinite(value))
    printf("%.9g", value);
  else
    fputs("null", stdout);
}

void json_bool(json *j, const char *key, bool value) {
  begin(j, key);
  fputs(value ? "true" : "false", stdout);
}

void json_text(json *j, const char *key, const char *text) {
  begin(j, key);
  if (text)
    print_string(text);
  else
    fputs("null", stdout);
}

void json_hash(json *j, const char *key, uint64_t value) {
  begin(j, key);
  printf("\"%016" PRIx64 "\"", value);
}

void json_null(json *j, const char *key) {
  json_text(j, key, NULL);
}

void json_open_run(json *j, const char *command, const char *ended) {
  json_open(j, NULL, '{');
  json_text(j, "command", command);
  json_text(j, "status", ended);
  json_text(j, "error", strcmp(ended, "failed") == 0 ? cli_said() : NULL);
}

void json_stage(json *j, const char *key, uint32_t threads, uint64_t busy_ns, uint64_t wait_ns) {
  json_open(j, key, '{');
  json_count(j, "threads", threads);
  json_count(j, "busy_ns", busy_ns);
  json_count(j, "wait_ns", wait_ns);
  json_close(j);
}
