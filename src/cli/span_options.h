/* Options that say what of a line of .jsonl is to be learnt: a part of data_options.h. */
#ifndef HEADRACE_CLI_SPAN_OPTIONS_H
#define HEADRACE_CLI_SPAN_OPTIONS_H

#include "cli.h"

typedef struct span_options {
  batch_span_options spans;
  char *before, *after; /* of spans, as they are meant */
  unsigned given;       /* a bit for each of the options below that was on the command line */
} span_options;

#define SPAN_OPTIONS_INIT                                                                                    \
  { .spans = BATCH_SPAN_OPTIONS_INIT }

enum {
  SPAN_MESSAGES = 0x4000,
  SPAN_PROMPT_FIELD,
  SPAN_COMPLETION_FIELD,
  SPAN_TRAIN_FIELD,
  SPAN_ROLE_FIELD,
  SPAN_CONTENT_FIELD,
  SPAN_TRAIN_ROLES,
  SPAN_MESSAGE_BEFORE,
  SPAN_MESSAGE_AFTER,
  SPAN_OPTIONS_END
};

#define SPAN_OPTIONS_LONG                                                                                    \
  {"messages", no_argument, NULL, SPAN_MESSAGES},                                                            \
      {"prompt-field", required_argument, NULL, SPAN_PROMPT_FIELD},                                          \
      {"completion-field", required_argument, NULL, SPAN_COMPLETION_FIELD},                                  \
      {"train-field", required_argument, NULL, SPAN_TRAIN_FIELD},                                            \
      {"role-field", required_argument, NULL, SPAN_ROLE_FIELD},                                              \
      {"content-field", required_argument, NULL, SPAN_CONTENT_FIELD},                                        \
      {"train-roles", required_argument, NULL, SPAN_TRAIN_ROLES},                                            \
      {"message-before", required_argument, NULL, SPAN_MESSAGE_BEFORE}, {                                    \
    "message-after", required_argument, NULL, SPAN_MESSAGE_AFTER                                             \
  }

#define SPAN_OPTIONS_HELP                                                                                    \
  "What of a line of .jsonl is learnt:\n"                                                                    \
  "  --train-field NAME    of a span, {\"text\", \"train\"}, where the document is an\n"                     \
  "                        array of them: whether it is learnt (train); of a\n"                              \
  "                        message (weight)\n"                                                               \
  "  --prompt-field NAME   the line has a prompt, not learnt, under this name\n"                             \
  "                        (prompt),\n"                                                                      \
  "  --completion-field NAME\n"                                                                              \
  "                        and its completion, learnt, under this (completion)\n"                            \
  "  --messages            the line has an array of chat messages under --field\n"                           \
  "                        (messages)\n"                                                                     \
  "  --role-field NAME     of a message: its role (role)\n"                                                  \
  "  --content-field NAME  of a message: its text (content)\n"                                               \
  "  --train-roles LIST    roles whose messages are learnt, parted by commas\n"                              \
  "                        (assistant)\n"                                                                    \
  "  --message-before TEXT\n"                                                                                \
  "                        put before each message, not learnt; {role} is its\n"                             \
  "                        role, \\n a line feed ()\n"                                                       \
  "  --message-after TEXT  put behind each message, learnt where it is (\\n)\n"

static inline bool span_option_is(int answer) {
  return answer >= SPAN_MESSAGES && answer < SPAN_OPTIONS_END;
}

/* Takes one option and its argument; returns CLI_OK or, having said why, another exit status. */
int span_option_take(span_options *options, const char *command, int answer, const char *argument);

/* When all options are known: which kind of lines they are for; *spans: NULL if none was given. Returns as
   span_option_take does. */
int span_options_settle(span_options *options, const char *command, const char *field,
                        const batch_span_options **spans);

/* The name of one that was given; NULL: none was. */
const char *span_options_given(const span_options *options);

void span_options_free(span_options *options);

#endif
