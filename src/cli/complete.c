/* headrace complete: what the completion of a shell offers, a line each; share/bash-completion/headrace asks. It goes
   through the options' own parsing, so that it never lags behind. Not in --help: nobody types it.

   headrace complete                    the commands
   headrace complete COMMAND            its options; with = behind those that take an argument
   headrace complete COMMAND OPTION     the words that an option takes, as far as they are known */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"

static int list_commands(void) {
  for (const cli_command *command = cli_commands; command->name; command++) puts(command->name);
  puts("help\nversion");
  return cli_finish_output("complete");
}

static int list_options(const cli_command *command) {
  for (const struct option *o = command->options; o->name; o++)
    printf("--%s%s\n", o->name, o->has_arg == required_argument ? "=" : "");
  return cli_finish_output("complete");
}

/* With an argument that can be none, and behind it an option that can be none: whatever the option, nothing is run.
   What is said about that is not for who completes. */
static int list_words(const cli_command *command, char *option) {
  char *argv[] = {(char *)(uintptr_t)command->name, option, (char[]){""}, (char[]){"--\001"}, NULL};
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0 || dup2(nowhere, STDERR_FILENO) < 0) return CLI_BAD_DATA;
  close(nowhere);
  cli_list_words();
  command->run(4, argv);
  return cli_finish_output("complete");
}

static bool takes_argument(const cli_command *command, const char *option) {
  bool is_short = option[0] == '-' && option[1] != '-' && option[1] && !option[2];
  const char *letter = is_short ? strchr(command->letters, option[1]) : NULL;
  for (const struct option *o = command->options; o->name; o++)
    if (strncmp(option, "--", 2) == 0 && strcmp(o->name, option + 2) == 0) return o->has_arg;
  return letter && letter[1] == ':';
}

int command_complete(int argc, char **argv) {
  const cli_command *command = argc > 1 ? cli_find_command(argv[1]) : NULL;
  if (argc < 2) return list_commands();
  if (!command) return CLI_BAD_USAGE;
  if (!command->options) { /* another program's */
    argv[0] = argv[1];
    argv[1] = (char[]){"--complete"};
    return command->run(argc, argv);
  }
  if (argc == 2) return list_options(command);
  return takes_argument(command, argv[2]) ? list_words(command, argv[2]) : CLI_OK;
}
