/* The subcommands: each in the file of its name. */
#ifndef HEADRACE_CLI_COMMANDS_H
#define HEADRACE_CLI_COMMANDS_H

int command_feed(int argc, char **argv);
int command_info(int argc, char **argv);
int command_tokenize(int argc, char **argv);

#endif
