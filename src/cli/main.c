/* headrace: batches for training language models. One subcommand a file. */
#include <fcntl.h>
#include <string.h>

#include "cli.h"

static const cli_command commands[] = {
    {"bench", "measure queues, the pool and the loader against others", command_bench},
    {"convert", "write files of tokens in another format", command_convert},
    {"decode", "give the text of files of tokens", command_decode},
    {"feed", "run the loader over files and print a checksum", command_feed},
    {"info", "what is in files of tokens or text", command_info},
    {"show", "a batch of files, row by row, with what is masked", command_show},
    {"tokenize", "turn text into shards of tokens", command_tokenize},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(void) {
  fputs("Usage: headrace COMMAND [OPTION...] [FILE...]\n\nCommands:\n", stdout);
  for (size_t i = 0; i < COMMANDS; i++) printf("  %-10s %s\n", commands[i].name, commands[i].help);
  fputs(
      "\nheadrace help COMMAND, or headrace COMMAND --help, tells more; -V or --version prints the version.\n"
      "Exit status: 0; 1 when a file cannot be read or written, or is not what it should be; 2 when an "
      "option,\n"
      "a name or a number cannot be, alone, with the others, or for these files; what a signal stops ends "
      "by\n"
      "that signal.\n",
      stdout);
  return cli_finish_output("help");
}

static int version(void) {
  printf("headrace %s\n", batch_version());
  return cli_finish_output("--version");
}

static const cli_command *find(const char *name) {
  for (size_t i = 0; i < COMMANDS; i++)
    if (strcmp(commands[i].name, name) == 0) return &commands[i];
  return NULL;
}

static int no_command(const char *name) {
  return cli_usage_error("", "%s is no command", name);
}

static int help_on(const char *name) {
  const cli_command *command = find(name);
  char *argv[] = {(char *)(uintptr_t)name, (char[]){"--help"}, NULL};
  return command ? command->run(2, argv) : no_command(name);
}

static bool is_one_of(const char *word, const char *a, const char *b, const char *c) {
  return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

/* The number of a stream that is closed would go to the next file that is opened, tokens perhaps, and what is
   said would be written into that. In its place stands what cannot be written, or read from, either. */
static bool occupy_closed_streams(void) {
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) return false;
  return true;
}

int main(int argc, char **argv) {
  if (!occupy_closed_streams()) return CLI_BAD_DATA;
  if (argc < 2) return cli_usage_error("", "expected a command");
  if (is_one_of(argv[1], "help", "--help", "-h")) return argc > 2 ? help_on(argv[2]) : help();
  if (is_one_of(argv[1], "version", "--version", "-V")) return version();
  const cli_command *command = find(argv[1]);
  return command ? command->run(argc - 1, argv + 1) : no_command(argv[1]);
}
