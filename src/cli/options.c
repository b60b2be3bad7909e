/* Options of subcommands: one after the other, and what is said of one that is none. */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "nearest.h"

/* "a", "a or b", "a, b or c": the last word is held until it is known to be that. */
typedef struct word_list {
  char text[400];
  const char *held;
} word_list;

static void append(word_list *list, const char *between, const char *mark, const char *word) {
  size_t length = strlen(list->text);
  snprintf(list->text + length, sizeof list->text - length, "%s%s%s", length ? between : "", mark, word);
}

/* mark: what stands before each word. */
static void put_word(word_list *list, const char *mark, const char *word) {
  if (list->held) append(list, ", ", mark, list->held);
  list->held = word;
}

static const char *end_list(word_list *list, const char *between, const char *mark) {
  if (list->held) append(list, between, mark, list->held);
  return list->text;
}

/* "; did you mean --option?", or nothing. */
static const char *did_you_mean(const nearest *n, const char *mark) {
  static char text[80];
  snprintf(text, sizeof text, "; did you mean %s%s?", mark, n->word ? n->word : "");
  return n->word ? text : "";
}

static nearest nearest_option(const cli_command *command, const char *typed) {
  nearest n = nearest_to(typed);
  for (const struct option *o = command->options; o->name; o++) nearest_try(&n, o->name);
  return n;
}

/* Those of the command that an option may be short for; their number. */
static unsigned count_begun(const cli_command *command, const char *typed, word_list *list) {
  unsigned count = 0;
  for (const struct option *o = command->options; o->name; o++) {
    if (strncmp(o->name, typed, strlen(typed)) != 0) continue;
    put_word(list, "--", o->name);
    count++;
  }
  return count;
}

static bool has_option(const cli_command *command, const char *typed) {
  for (const struct option *o = command->options; o && o->name; o++)
    if (strcmp(o->name, typed) == 0) return true;
  return false;
}

static unsigned count_others(const char *typed, word_list *list) {
  unsigned count = 0;
  for (const cli_command *other = cli_commands; other->name; other++) {
    if (!has_option(other, typed)) continue;
    put_word(list, "", other->name);
    count++;
  }
  return count;
}

static int no_long_option(const cli_command *command, const char *argument) {
  char typed[40];
  word_list begun = {.text = ""}, others = {.text = ""};
  const char *bare = argument + strspn(argument, "-");
  snprintf(typed, sizeof typed, "%.*s", (int)strcspn(bare, "="), bare);
  nearest n = nearest_option(command, typed);
  if (count_begun(command, typed, &begun) > 1)
    return cli_usage_error(command->name, "%s is ambiguous: %s", argument, end_list(&begun, " or ", "--"));
  if (strcmp(typed, "version") == 0) put_word(&others, "", "headrace itself");
  if (count_others(typed, &others) > 0 || others.held)
    return cli_usage_error(command->name, "--%s is an option of %s, not of %s%s", typed,
                           end_list(&others, " and ", ""), command->name, did_you_mean(&n, "--"));
  return cli_usage_error(command->name, "%s is no option%s", argument, did_you_mean(&n, "--"));
}

/* One dash before the name of a long option: -batch-size. In the middle of a group of letters getopt has not passed it
   yet. */
static int no_letter(const cli_command *command, char **argv) {
  const char *group = argv[optind] ? argv[optind] : "";
  bool first = group[0] == '-' && group[1] == (char)optopt && strlen(group) > 3;
  nearest n = nearest_to("");
  if (first) n = nearest_option(command, group + 1);
  if (n.word) return cli_usage_error(command->name, "%s is no option%s", group, did_you_mean(&n, "--"));
  return cli_usage_error(command->name, "-%c is no option", optopt);
}

static int bad_option(const cli_command *command, int answer, char **argv) {
  const char *last = argv[optind - 1];
  bool is_long = strncmp(last, "--", 2) == 0, with_argument = is_long && strchr(last, '=');
  if (answer == ':' && last[1] == '-') return cli_usage_error(command->name, "%s needs an argument", last);
  if (answer == ':') return cli_usage_error(command->name, "-%c needs an argument", optopt);
  if (optopt == 0) return no_long_option(command, last);
  if (with_argument) return cli_usage_error(command->name, "%s takes no argument", last);
  return no_letter(command, argv);
}

int cli_next_option(const char *name, int argc, char **argv) {
  const cli_command *command = cli_find_command(name);
  opterr = 0;
  int answer = getopt_long(argc, argv, command->letters, command->options, NULL);
  if (answer != '?' && answer != ':') return answer;
  bad_option(command, answer, argv);
  return '?';
}

/* Not the h within a group of letters, one of which may be none. */
static bool is_help(const struct option *option, const char *argument) {
  return strcmp(argument, "-h") == 0 ||
         (strncmp(argument, "--", 2) == 0 && strcmp(option->name, "help") == 0);
}

bool cli_asks_for_help(const cli_command *command, int argc, char **argv) {
  bool asks = false;
  char **copy = command->options ? calloc((size_t)argc + 1, sizeof *copy) : NULL; /* getopt sorts it */
  if (!copy) return false;
  memcpy(copy, argv, (size_t)argc * sizeof *copy);
  opterr = 0;
  for (int answer, at = 0; !asks; at = 0) {
    answer = getopt_long(argc, copy, command->letters, command->options, &at);
    if (answer == -1) break;
    asks = answer != '?' && answer != ':' && is_help(&command->options[at], copy[optind - 1]);
  }
  optind = 0; /* from the beginning again */
  free(copy);
  return asks;
}

static bool listing;

void cli_list_words(void) {
  listing = true;
}

int cli_take_word(const char *command, const char *option, const char *word, const char *const *words,
                  int *value) {
  word_list expected = {.text = ""};
  nearest n = nearest_to(word);
  for (*value = 0; words[*value]; ++*value) {
    if (listing) puts(words[*value]);
    if (strcmp(word, words[*value]) == 0) return CLI_OK;
    put_word(&expected, "", words[*value]);
    nearest_try(&n, words[*value]);
  }
  return cli_usage_error(command, "--%s is %s, expected %s%s", option, word, end_list(&expected, " or ", ""),
                         did_you_mean(&n, ""));
}
