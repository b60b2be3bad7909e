#include "span_options.h"

#include <stdlib.h>
#include <string.h>

static const char *const names[] = {"messages",    "prompt-field",   "completion-field",
                                    "train-field", "role-field",     "content-field",
                                    "train-roles", "message-before", "message-after"};

#define BIT(option) (1u << ((option)-SPAN_MESSAGES))

enum {
  OF_PROMPTS = BIT(SPAN_PROMPT_FIELD) | BIT(SPAN_COMPLETION_FIELD),
  OF_MESSAGES = BIT(SPAN_ROLE_FIELD) | BIT(SPAN_CONTENT_FIELD) | BIT(SPAN_TRAIN_ROLES) |
                BIT(SPAN_MESSAGE_BEFORE) | BIT(SPAN_MESSAGE_AFTER)
};

/* The name of the first of these that was given. */
static const char *first_given(const span_options *options, unsigned these) {
  unsigned given = options->given & these;
  return given ? names[__builtin_ctz(given)] : NULL;
}

const char *span_options_given(const span_options *options) {
  return first_given(options, ~0u);
}

/* \n, \t and \\ are a line feed, a tab and a backslash. */
static int take_text(const char *command, int answer, const char *argument, char **text) {
  static const char written[] = "nt\\", meant[] = "\n\t\\";
  free(*text);
  char *to = *text = strdup(argument);
  if (!to) return cli_error(command, "no memory for --%s", names[answer - SPAN_MESSAGES]);
  for (const char *from = argument; *from; from++) {
    const char *escape = *from == '\\' && from[1] ? strchr(written, from[1]) : NULL;
    if (*from == '\\' && !escape)
      return cli_usage_error(command, "--%s is %s, expected \\n, \\t or \\\\ where it has a backslash",
                             names[answer - SPAN_MESSAGES], argument);
    *to++ = escape ? meant[escape - written] : *from;
    from += escape != NULL;
  }
  *to = '\0';
  return CLI_OK;
}

int span_option_take(span_options *options, const char *command, int answer, const char *argument) {
  batch_span_options *spans = &options->spans;
  int status = CLI_OK;
  options->given |= BIT(answer);
  switch (answer) {
  case SPAN_PROMPT_FIELD:
    spans->prompt_field = argument;
    break;
  case SPAN_COMPLETION_FIELD:
    spans->completion_field = argument;
    break;
  case SPAN_TRAIN_FIELD:
    spans->train_field = argument;
    break;
  case SPAN_ROLE_FIELD:
    spans->role_field = argument;
    break;
  case SPAN_CONTENT_FIELD:
    spans->content_field = argument;
    break;
  case SPAN_TRAIN_ROLES:
    spans->train_roles = argument;
    break;
  case SPAN_MESSAGE_BEFORE:
    status = take_text(command, answer, argument, &options->before);
    spans->before = options->before;
    break;
  case SPAN_MESSAGE_AFTER:
    status = take_text(command, answer, argument, &options->after);
    spans->after = options->after;
    break;
  }
  return status;
}

int span_options_settle(span_options *options, const char *command, const char *field,
                        const batch_span_options **spans) {
  bool messages = options->given & BIT(SPAN_MESSAGES), train = options->given & BIT(SPAN_TRAIN_FIELD);
  const char *prompt = first_given(options, OF_PROMPTS), *of_messages = first_given(options, OF_MESSAGES);
  if (of_messages && !messages)
    return cli_usage_error(command, "--%s is for --messages, which is not given", of_messages);
  if (prompt && (messages || field || train))
    return cli_usage_error(command, "--%s and --%s are given, expected one of them", prompt,
                           messages ? "messages"
                           : field  ? "field"
                                    : "train-field");
  options->spans.kind = messages ? BATCH_SPANS_MESSAGES : prompt ? BATCH_SPANS_PROMPT : BATCH_SPANS_TEXT;
  *spans = options->given ? &options->spans : NULL;
  return CLI_OK;
}

void span_options_free(span_options *options) {
  free(options->before);
  free(options->after);
  options->before = options->after = NULL;
}
