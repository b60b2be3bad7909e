/* headrace: batches for training language models. One subcommand a file. */
#include <string.h>

#include "bench.h"
#include "cli.h"
#include "commands.h"

static const cli_command commands[] = {
    {"bench", "measure queues, the pool and the loader against others", command_bench},
    {"feed", "run the loader over files and print a checksum", command_feed},
    {"info", "what is in files of tokens or text", command_info},
    {"tokenize", "turn text into shards of tokens", command_tokenize},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static int help(void) {
  fputs("Usage: headrace COMMAND [OPTION...] [FILE...]\n\nCommands:\n", stdout);
  for (size_t i = 0; i < COMMANDS; i++) printf("  %-10s %s\n", commands[i].name, commands[i].help);
  fputs("\nheadrace COMMAND --help tells more; headrace --version prints the version.\n"
        "Exit status: 0, 1 when the data is bad or a file cannot be read or written, 2 for bad usage.\n",
        stdout);
  return cli_finish_output("--help");
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

static int bad_usage(const char *argument) {
  if (argument)
    fprintf(stderr, "headrace: %s is no command (see headrace --help)\n", argument);
  else
    fputs("headrace: expected a command (see headrace --help)\n", stderr);
  return CLI_BAD_USAGE;
}

int main(int argc, char **argv) {
  if (argc < 2) return bad_usage(NULL);
  if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) return help();
  if (strcmp(argv[1], "--version") == 0) return version();
  const cli_command *command = find(argv[1]);
  return command ? command->run(argc - 1, argv + 1) : bad_usage(argv[1]);
}
