#include "text/span_options.h"

#include <string.h>

#include "base/error.h"
#include "base/options.h"

enum { TEXT = 1 << BATCH_SPANS_TEXT, PROMPT = 1 << BATCH_SPANS_PROMPT, MESSAGES = 1 << BATCH_SPANS_MESSAGES };

/* A name or a text among the options, which kinds it is for, and its default. */
typedef struct setting {
  const char *name, **value;
  int kinds;
  const char *usual;
} setting;

static bool settle(const char *function, batch_spans kind, const setting *s) {
  static const char *const kinds[] = {"TEXT", "PROMPT", "MESSAGES"};
  bool has_use = s->kinds >> kind & 1;
  if (*s->value && !has_use)
    return error_fail(
        BATCH_ERROR_INVALID_ARGUMENT,
        "%s: options.spans->%s is \"%.200s\", expected NULL: kind BATCH_SPANS_%s has no use for it", function,
        s->name, *s->value, kinds[kind]);
  if (!*s->value && has_use) *s->value = s->usual;
  return true;
}

static bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* "user, assistant" would look for a role that begins with a blank, and nothing of it would be learnt. */
static bool check_roles(const char *function, const char *roles) {
  for (const char *at = roles ? roles : "", *end; *at; at = end + (*end == ',')) {
    end = at + strcspn(at, ",");
    if (end > at && (is_blank(*at) || is_blank(end[-1])))
      return error_fail(
          BATCH_ERROR_INVALID_ARGUMENT,
          "%s: spans->train_roles (--train-roles) is \"%.200s\", expected no blanks around a role", function,
          roles);
  }
  return true;
}

bool span_options_read(const char *function, const batch_span_options *given, batch_span_options *mine) {
  static const options_type type = OPTIONS_TYPE_RESERVED(batch_span_options, BATCH_SPAN_OPTIONS_INIT);
  *mine = (batch_span_options)BATCH_SPAN_OPTIONS_INIT;
  if (given && !options_read(&type, function, "options.spans", given, mine)) return false;
  if ((unsigned)mine->kind > BATCH_SPANS_MESSAGES)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: options.spans->kind is %d, expected 0 to %d",
                      function, (int)mine->kind, BATCH_SPANS_MESSAGES);
  const setting settings[] = {
      {"prompt_field", &mine->prompt_field, PROMPT, "prompt"},
      {"completion_field", &mine->completion_field, PROMPT, "completion"},
      {"role_field", &mine->role_field, MESSAGES, "role"},
      {"content_field", &mine->content_field, MESSAGES, "content"},
      {"train_roles", &mine->train_roles, MESSAGES, "assistant"},
      {"before", &mine->before, MESSAGES, ""},
      {"after", &mine->after, MESSAGES, "\n"},
      {"train_field", &mine->train_field, TEXT | MESSAGES,
       mine->kind == BATCH_SPANS_TEXT ? "train" : "weight"},
  };
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
    if (!settle(function, mine->kind, &settings[i])) return false;
  return check_roles(function, mine->train_roles);
}

const char *span_options_field(const batch_span_options *options) {
  static const char *const fields[] = {"text", NULL, "messages"};
  return fields[options->kind];
}

bool span_options_train(const batch_span_options *options, const char *role, size_t bytes) {
  for (const char *at = options->train_roles;; at++) {
    size_t length = strcspn(at, ",");
    if (length == bytes && length > 0 && memcmp(at, role, length) == 0) return true;
    at += length;
    if (!*at) return false;
  }
}
