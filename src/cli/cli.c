#include "cli.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "stop.h"
#include "stream.h"

size_t cli_character(const char *text, bool *whole) {
  const unsigned char *c = (const unsigned char *)text;
  unsigned char least = c[0] == 0xE0   ? 0xA0
                        : c[0] == 0xF0 ? 0x90
                                       : 0x80,
                most = c[0] == 0xED   ? 0x9F
                       : c[0] == 0xF4 ? 0x8F
                                      : 0xBF;
  size_t bytes = c[0] < 0x80 ? 1 : c[0] < 0xC2 || c[0] > 0xF4 ? 0 : c[0] < 0xE0 ? 2 : c[0] < 0xF0 ? 3 : 4;
  *whole = bytes > 0;
  for (size_t i = 1; i < bytes; i++, least = 0x80, most = 0xBF)
    if (c[i] < least || c[i] > most) return *whole = false, i;
  return bytes > 0 ? bytes : 1;
}

/* The bytes of a character of UTF-8 that a terminal shows as it is; 0 for control characters (C1, the
   bytes 0x80 to 0x9F behind 0xC2, among them) and for what is not UTF-8. */
static size_t shown_bytes(const char *text) {
  bool whole;
  size_t bytes = cli_character(text, &whole);
  unsigned char first = (unsigned char)text[0], second = (unsigned char)text[1];
  return !whole || first < 32 || first == 127 || (first == 0xC2 && second < 0xA0) ? 0 : bytes;
}

/* Writes a character as it is shown, or a byte as \xNN, to shown. Returns the bytes that it has of the text. */
static size_t show_one(const char *text, char shown[5]) {
  size_t bytes = shown_bytes(text);
  if (bytes == 0) return snprintf(shown, 5, "\\x%02X", (unsigned char)*text), 1;
  memcpy(shown, text, bytes);
  shown[bytes] = '\0';
  return bytes;
}

int cli_print(FILE *to, const char *text) {
  char shown[5];
  int columns = 0;
  while (*text) {
    text += show_one(text, shown);
    columns += cli_columns(shown);
    if (to) fputs(shown, to);
  }
  return columns;
}

int cli_columns(const char *text) {
  int columns = 0;
  for (; *text; text++) columns += ((unsigned char)*text & 0xC0) != 0x80;
  return columns;
}

static char said[4096];

const char *cli_said(void) {
  return *said ? said : NULL;
}

/* One line: "headrace COMMAND: SENTENCE". */
static void say(const char *command, const char *sentence, bool refer_to_help) {
  static char line[4 * sizeof said];
  size_t used = 0;
  for (char shown[5]; *sentence; used += strlen(shown)) {
    sentence += show_one(sentence, shown);
    memcpy(line + used, shown, sizeof shown);
  }
  line[used] = '\0';
  fprintf(stderr, "headrace%s%s: %s", *command ? " " : "", command, line);
  if (refer_to_help) fprintf(stderr, " (see headrace%s%s --help)", *command ? " " : "", command);
  fputc('\n', stderr);
}

int cli_error(const char *command, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(said, sizeof said, format, arguments);
  va_end(arguments);
  say(command, said, false);
  return CLI_BAD_DATA;
}

void cli_note(const char *command, const char *format, ...) {
  char note[1024];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(note, sizeof note, format, arguments);
  va_end(arguments);
  say(command, note, false);
}

int cli_usage_error(const char *command, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(said, sizeof said, format, arguments);
  va_end(arguments);
  say(command, said, true);
  return CLI_BAD_USAGE;
}

static int say_of_library(const char *command, const char *option, const char *sentence) {
  bool usage = batch_last_error()->code == BATCH_ERROR_INVALID_ARGUMENT;
  return (usage ? cli_usage_error : cli_error)(command, "%s%s", option, sentence);
}

const char *cli_library_sentence(void) {
  const char *message = batch_last_error()->message;
  size_t function = strspn(message, "abcdefghijklmnopqrstuvwxyz_");
  bool named = strncmp(message, "batch_", 6) == 0 && strncmp(message + function, ": ", 2) == 0;
  return message + (named ? function + 2 : 0);
}

/* An option that a sentence begins with is one of the command's. */
int cli_library_error(const char *command) {
  static const char option[] = "options.", vocabulary[] = "options.vocab_size",
                    special[] = "options.special_tokens";
  const char *message = cli_library_sentence();
  if (strncmp(message, vocabulary, sizeof vocabulary - 1) == 0)
    return say_of_library(command, "the size of the vocabulary", message + sizeof vocabulary - 1);
  if (strncmp(message, special, sizeof special - 1) == 0)
    return say_of_library(command, "--special", message + strcspn(message, " "));
  if (strncmp(message, option, sizeof option - 1) != 0) return say_of_library(command, "", message);
  message += sizeof option - 1;
  char name[34];
  size_t length = strcspn(message, " ");
  snprintf(name, sizeof name, "--%.*s", (int)length, message);
  for (char *at = name; *at; at++)
    if (*at == '_') *at = '-';
  return say_of_library(command, name, message + length);
}

int cli_check_files(const char *command, const char *const *files, size_t n) {
  if (n == 0) return cli_usage_error(command, "no file is named, expected at least one");
  for (size_t i = 0; i < n; i++) {
    if (!*files[i])
      return cli_usage_error(command, "the name of file %zu of %zu is empty, expected a file", i + 1, n);
    if (strcmp(files[i], "-") == 0)
      return cli_usage_error(command,
                             "- is named, but standard input is not read; ./- is a file of that name");
  }
  return CLI_OK;
}

int cli_finish_output(const char *command) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return CLI_OK;
  int number = stream_errno();
  if (number == EPIPE && stop_asked())
    return CLI_BAD_DATA; /* SIGPIPE, by which the command will end, says it */
  return cli_error(command, "stdout: %s", strerror(number));
}

bool cli_number(const char *text, uint64_t *value) {
  static const struct {
    const char *suffix;
    uint64_t factor;
  } units[] = {{"", 1},          {"k", 1000},      {"M", 1000000},           {"G", 1000000000},
               {"Ki", 1u << 10}, {"Mi", 1u << 20}, {"Gi", UINT64_C(1) << 30}};
  char *end;
  errno = 0;
  uint64_t number = strtoull(text, &end, 10);
  if (errno != 0 || *text < '0' || *text > '9') return false;
  for (size_t i = 0; i < sizeof units / sizeof *units; i++)
    if (strcmp(end, units[i].suffix) == 0) return !__builtin_mul_overflow(number, units[i].factor, value);
  return false;
}

int cli_take_number(const char *command, const char *option, const char *text, uint64_t least, uint64_t most,
                    uint64_t *value) {
  if (cli_number(text, value) && *value >= least && *value <= most) return CLI_OK;
  const char *unit = text + strspn(text, "0123456789");
  return cli_usage_error(command, "--%s is %s, expected a whole number from %" PRIu64 " to %" PRIu64 "%s",
                         option, text, least, most,
                         unit > text && *unit ? ", plain or with k, M, G, Ki, Mi or Gi" : "");
}

bool cli_decimal(const char *text, double *value) {
  size_t whole = strspn(text, "0123456789"), point = text[whole] == '.',
         part = point ? strspn(text + whole + 1, "0123456789") : 0, end = whole + point + part;
  if (whole + part == 0) return false;
  if (text[end] == 'e' || text[end] == 'E') {
    const char *exponent = text + end + 1;
    exponent += *exponent == '-' || *exponent == '+';
    if (!*exponent || exponent[strspn(exponent, "0123456789")]) return false;
  } else if (text[end]) {
    return false;
  }
  *value = strtod(text, NULL);
  return true;
}

enum { TEXTS = 8, ROOM = 40 };

static char *next_text(void) {
  static char texts[TEXTS][ROOM];
  static unsigned next;
  return texts[next++ % TEXTS];
}

static char *thousands(uint64_t value) {
  char digits[24], *text = next_text(), *to = text;
  int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) *to++ = ',';
    *to++ = digits[i];
  }
  *to = 0;
  return text;
}

const char *cli_thousands(uint64_t value) {
  return thousands(value);
}

const char *cli_count(uint64_t value, const char *noun) {
  char *text = thousands(value);
  size_t length = strlen(text);
  snprintf(text + length, ROOM - length, " %s%s", noun, value == 1 ? "" : "s");
  return text;
}

const char *cli_bytes(double bytes) {
  static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
  char *text = next_text();
  size_t unit = 0;
  for (; bytes >= 999.5 && unit + 1 < sizeof units / sizeof *units; unit++) bytes /= 1000;
  snprintf(text, ROOM, "%.*f %s",
           unit == 0 || bytes >= 99.95 ? 0
           : bytes >= 9.995            ? 1
                                       : 2,
           bytes, units[unit]);
  return text;
}
