/* headrace: batches for training language models. One subcommand a file. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"
#include "help.h"
#include "nearest.h"
#include "stream.h"

static int help(void) {
  help_print_overview(stdout);
  return cli_finish_output("help");
}

static int no_command(const char *name) {
  bool option = *name == '-';
  nearest n = nearest_to(name);
  for (const cli_command *command = cli_commands; !option && command->name; command++)
    nearest_try(&n, command->name);
  nearest_try(&n, option ? "--help" : "help");
  nearest_try(&n, option ? "--version" : "version");
  if (strcasecmp(name, "-V") == 0) nearest_try(&n, "-V");
  return cli_usage_error("", "%s is no %s%s%s%s", name,
                         option ? "option here, where a command is expected" : "command",
                         n.word ? "; did you mean " : "", n.word ? n.word : "", n.word ? "?" : "");
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c) {
  return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

static bool is_version(const char *word) {
  return is_one_of(word, "version", "--version", "-V");
}

/* "headrace help COMMAND": argv[0] is the command; another program, headrace-bench, has parts that a word behind it names. */
static int help_on(int argc, char **argv) {
  const cli_command *command = cli_find_command(argv[0]);
  char *words[] = {argv[0], (char[]){"--help"}, NULL, NULL};
  if (is_one_of(argv[0], "help", "--help", "-h") || is_version(argv[0])) return help();
  if (!command) return no_command(argv[0]);
  bool has_parts = !command->options;
  if (is_one_of(argv[argc - 1], "help", "--help", "-h")) argc--;
  if (argc > (has_parts ? 2 : 1))
    return cli_usage_error("help", "%s stands behind %s, expected one command", argv[argc - 1],
                           argv[argc - 2]);
  if (argc == 2) words[2] = words[1], words[1] = argv[1];
  return command->run(argc + 1, words);
}

/* "headrace feed help", where that is no file. */
static bool is_help_wanted(const cli_command *command, int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "help") == 0 && access(argv[1], F_OK) != 0) return true;
  return cli_asks_for_help(command, argc, argv);
}

/* The number of a stream that is closed would go to the next file that is opened, tokens perhaps, and what is
   said would be written into that. In its place stands what cannot be written, or read from, either. */
static bool occupy_closed_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    /* cppcheck-suppress leakReturnValNotUsed; it is the stream that was closed */
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return false;
  return true;
}

int main(int argc, char **argv) {
  if (!occupy_closed_streams()) return CLI_BAD_DATA;
  stream_take_standard();
  signal(SIGXFSZ, SIG_IGN); /* ulimit -f: the write that fails says so, and what was begun goes */
  if (argc < 2) {
    help_print_overview(stderr);
    return CLI_BAD_USAGE;
  }
  if (is_one_of(argv[1], "help", "--help", "-h")) return argc > 2 ? help_on(argc - 2, argv + 2) : help();
  if (is_version(argv[1])) return cli_version();
  if (strcmp(argv[1], "complete") == 0) return command_complete(argc - 1, argv + 1);
  const cli_command *command = cli_find_command(argv[1]);
  if (!command) return no_command(argv[1]);
  if (is_help_wanted(command, argc - 1, argv + 1)) return help_on(1, argv + 1);
  return command->run(argc - 1, argv + 1);
}
