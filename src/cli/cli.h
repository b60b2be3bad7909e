/* The headrace command: its subcommands, and what they share. It uses the public headers only. */
#ifndef HEADRACE_CLI_CLI_H
#define HEADRACE_CLI_CLI_H

#include <getopt.h>
#include <headrace/headrace.h>
#include <stdio.h>

enum { CLI_OK = 0, CLI_BAD_DATA = 1, CLI_BAD_USAGE = 2 }; /* exit status */

/* A subcommand, in the list of commands.c. */
typedef struct cli_command {
  const char *name, *summary;
  int (*run)(int argc, char **argv); /* argv[0] is its name; returns the exit status */
  const struct option *options;      /* NULL: another program takes them */
  const char *letters;               /* of getopt: what options of one letter there are */
} cli_command;

int command_bench(int argc, char **argv); /* returns only where headrace-bench cannot be run */
int command_complete(int argc, char **argv);
int command_convert(int argc, char **argv);
int command_decode(int argc, char **argv);
int command_feed(int argc, char **argv);
int command_info(int argc, char **argv);
int command_show(int argc, char **argv);
int command_tokenize(int argc, char **argv);

extern const struct option convert_options_long[], decode_options_long[], feed_options_long[],
    info_options_long[], show_options_long[], tokenize_options_long[];

extern const cli_command cli_commands[]; /* up to one without a name */

/* NULL: there is none of this name. */
const cli_command *cli_find_command(const char *name);

int cli_version(void); /* headrace --version */

/* Says on stderr what is wrong; returns CLI_BAD_DATA. What control characters an argument or a path
   holds is shown as \xNN, here and below. */
__attribute__((format(printf, 2, 3))) int cli_error(const char *command, const char *format, ...);

/* Says on stderr what is wrong with the arguments; returns CLI_BAD_USAGE. */
__attribute__((format(printf, 2, 3))) int cli_usage_error(const char *command, const char *format, ...);

/* Says on stderr what is worth knowing beside it. */
__attribute__((format(printf, 2, 3))) void cli_note(const char *command, const char *format, ...);

/* The last sentence of cli_error and cli_usage_error, for who says it in another form too; NULL: there is none. */
const char *cli_said(void);

/* The library's last error, without the name of the function, which says nothing to who calls the command. */
const char *cli_library_sentence(void);

/* Says it on stderr; returns CLI_BAD_USAGE where the library refuses an argument: an
   option or a name that cannot be, alone, with the others or for these files; else CLI_BAD_DATA. */
int cli_library_error(const char *command);

/* The next option of a command, as getopt_long answers, but '?' when it is none, or lacks its argument, and that has
   been said: CLI_BAD_USAGE. */
int cli_next_option(const char *command, int argc, char **argv);

/* Whether --help or -h is among the arguments, wherever, and not the argument of an option. */
bool cli_asks_for_help(const cli_command *command, int argc, char **argv);

/* Whether the files can be ones to read: "-" is refused, since nothing reads standard input. Returns the
   exit status. */
int cli_check_files(const char *command, const char *const *files, size_t n);

/* Flushes stdout; output that could not be written (a full disk) is CLI_BAD_DATA. */
int cli_finish_output(const char *command);

/* Returns the bytes of the character of UTF-8 at the start of a text that is not empty; where there is none, *whole is
   false, and they are those that one U+FFFD stands for. */
size_t cli_character(const char *text, bool *whole);

/* Prints a text, control characters and what is not UTF-8 as \xNN. Returns the columns that it takes; to NULL: only
   that. */
int cli_print(FILE *to, const char *text);

/* The columns that a text of UTF-8 takes, each character counted as one. */
int cli_columns(const char *text);

/* A whole number, with k, M, G (powers of 1000) or Ki, Mi, Gi (of 1024) behind it if wanted. */
bool cli_number(const char *text, uint64_t *value);

/* Takes the whole number, as above, that an option was given. Returns CLI_OK or, having said what was expected,
   CLI_BAD_USAGE. */
int cli_take_number(const char *command, const char *option, const char *text, uint64_t least, uint64_t most,
                    uint64_t *value);

/* A number of digits, with a point in it and an exponent behind it if wanted: 0.5, 1e-05. */
bool cli_decimal(const char *text, double *value);

/* Takes the word that an option was given: *value is its place in a NULL-terminated list, which stands in the order
   of an enumeration. Returns CLI_OK or, having said what was expected, CLI_BAD_USAGE. */
int cli_take_word(const char *command, const char *option, const char *word, const char *const *words,
                  int *value);

/* From now on cli_take_word prints the list that it is given, for the completion of shells. */
void cli_list_words(void);

/* "12,345,678" in one of eight rotating buffers. */
const char *cli_thousands(uint64_t value);

/* "1 token", "2 tokens", "12,345 tokens", also one of the eight. */
const char *cli_count(uint64_t value, const char *noun);

/* "1.23 GB", also one of the eight. */
const char *cli_bytes(double bytes);

#endif
