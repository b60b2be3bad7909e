#include "help.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "cli.h"
#include "terminal.h"

enum { WRITTEN_FOR = 79, TEXT_COLUMN = 24, NARROW_COLUMN = 8, USAGE_COLUMN = 11 };

static const char exit_status[] =
    "Exit status: 0; 1 when a file cannot be read or written, or is not what it\n"
    "should be; 2 when an option, a name or a number cannot be, alone, with the\n"
    "others, or for these files; what a signal stops ends by that signal.\n";

/* Text that is filled up to a width. */
typedef struct filling {
  FILE *to;
  int width, column, indent;
  bool verbatim; /* examples: who copies a line wants all of it */
} filling;

static void end_line(filling *f) {
  if (f->column > 0) fputc('\n', f->to);
  f->column = 0;
}

static void put_word(filling *f, const char *word, int length) {
  int blanks = f->column == 0 || f->column < f->indent ? f->indent - f->column : 1;
  if (f->column > f->indent && f->column + blanks + length > f->width) {
    end_line(f);
    blanks = f->indent;
  }
  fprintf(f->to, "%*s%.*s", blanks, "", length, word);
  f->column += blanks + length;
}

static void put_words(filling *f, const char *line, int length) {
  for (const char *end = line + length; line < end;) {
    int blanks = (int)strspn(line, " "), letters = (int)strcspn(line + blanks, " \n");
    if (letters > 0) put_word(f, line + blanks, letters);
    line += blanks + letters + (letters == 0);
  }
}

/* The name of an option ends where two blanks or the line do. */
static int name_length(const char *line, int length) {
  int at = 2;
  while (at < length && !(line[at] == ' ' && line[at + 1] == ' ')) at++;
  return at;
}

/* A line as it is written, in the shape that help.h tells. */
static void put_line(filling *f, const char *line, int length) {
  int blanks = (int)strspn(line, " ");
  bool heading = blanks == 0 && length > 0 && line[length - 1] == ':';
  if (length == 0 || heading) f->verbatim = false;
  if (length == 0 || heading || f->verbatim) {
    end_line(f);
    fprintf(f->to, "%.*s\n", length, line);
    f->verbatim |= heading && strncmp(line, "Examples", 8) == 0;
    f->indent = 0;
  } else if (blanks == 2) {
    int name = name_length(line, length), text = name + (int)strspn(line + name, " ");
    end_line(f);
    f->column = fprintf(f->to, "%.*s", name, line);
    f->indent = text >= length ? TEXT_COLUMN : text;
    if (f->width < 60 && f->indent == TEXT_COLUMN) f->indent = NARROW_COLUMN;
    if (f->column >= f->indent - 1) end_line(f);
    put_words(f, line + name, length - name);
  } else { /* of a paragraph, or of an option's text */
    put_words(f, line, length);
  }
}

static void put_text(filling *f, const char *text) {
  f->verbatim = false;
  f->indent = 0;
  if (f->width >= WRITTEN_FOR) {
    fputs(text, f->to);
    return;
  }
  for (size_t length; *text; text += length + (text[length] == '\n')) {
    length = strcspn(text, "\n");
    put_line(f, text, (int)length);
  }
  end_line(f);
}

static filling filling_of(FILE *to) {
  int fd = to == stderr ? STDERR_FILENO : STDOUT_FILENO;
  return (filling){.to = to, .width = isatty(fd) ? terminal_columns(fd) - 1 : WRITTEN_FOR};
}

static void put_usage(filling *f, const char *usage) {
  for (const char *before = "Usage: "; *usage; before = "       ") {
    int length = (int)strcspn(usage, "\n"), program = (int)strcspn(usage, " ");
    f->column = fprintf(f->to, "%s%.*s", before, program, usage);
    f->indent = USAGE_COLUMN;
    put_words(f, usage + program, length - program);
    end_line(f);
    usage += length + (usage[length] == '\n');
  }
}

int help_print(const char *command, const char *usage, const char *const *parts) {
  char sentence[100];
  filling f = filling_of(stdout);
  const char *summary = cli_find_command(command)->summary;
  put_usage(&f, usage);
  snprintf(sentence, sizeof sentence, "\n%c%s.\n", toupper((unsigned char)*summary), summary + 1);
  put_text(&f, sentence);
  for (; *parts; parts++) {
    putchar('\n');
    put_text(&f, *parts);
  }
  putchar('\n');
  put_text(&f, exit_status);
  return cli_finish_output(command);
}

void help_print_overview(FILE *to) {
  filling f = filling_of(to);
  put_usage(&f, "headrace COMMAND [OPTION...] [FILE...]\n");
  put_text(&f, "\nBatches for training language models: from files to shuffled batches.\n\n");
  put_text(&f, "Commands:\n");
  for (const cli_command *c = cli_commands; c->name; c++) {
    char line[100];
    snprintf(line, sizeof line, "  %-10s %s\n", c->name, c->summary);
    put_text(&f, line);
  }
  fputc('\n', to);
  put_text(&f, "headrace help COMMAND, or headrace COMMAND --help, tells more; -V or --version\n"
               "prints the version.\n");
  fputc('\n', to);
  put_text(&f, exit_status);
}
