#include "cli.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int cli_usage_error(const char *command, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fprintf(stderr, "headrace %s: ", command);
  vfprintf(stderr, format, arguments);
  fprintf(stderr, " (see headrace %s --help)\n", command);
  va_end(arguments);
  return CLI_BAD_USAGE;
}

int cli_data_error(const char *command) {
  fprintf(stderr, "headrace %s: %s\n", command, batch_last_error()->message);
  return CLI_BAD_DATA;
}

int cli_bad_option(const char *command, int answer, char **argv) {
  const char *what = answer == ':' ? "needs an argument" : "is no option, or is ambiguous";
  if (optopt > 0 && optopt < 128 && argv[optind - 1][1] != '-')
    return cli_usage_error(command, "-%c %s", optopt, what);
  return cli_usage_error(command, "%s %s", argv[optind - 1], what);
}

int cli_finish_output(const char *command) {
  if (fflush(stdout) == 0 && !ferror(stdout)) return CLI_OK;
  fprintf(stderr, "headrace %s: stdout: %s\n", command, strerror(errno));
  return CLI_BAD_DATA;
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

int cli_word(const char *word, const char *const *words) {
  for (int i = 0; words[i]; i++)
    if (strcmp(word, words[i]) == 0) return i;
  return -1;
}

enum { TEXTS = 8, ROOM = 40 };

static char *next_text(void) {
  static char texts[TEXTS][ROOM];
  static unsigned next;
  return texts[next++ % TEXTS];
}

const char *cli_thousands(uint64_t value) {
  char digits[24], *text = next_text(), *to = text;
  int length = snprintf(digits, sizeof digits, "%" PRIu64, value);
  for (int i = 0; i < length; i++) {
    if (i > 0 && (length - i) % 3 == 0) *to++ = ',';
    *to++ = digits[i];
  }
  *to = 0;
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
