/* The list of subcommands. */
#include <string.h>

#include "cli.h"

const cli_command cli_commands[] = {
    {"bench", "measure queues, the pool and the loader against others", command_bench, NULL, NULL},
    {"convert", "write files of tokens in another format", command_convert, convert_options_long, ":ho:"},
    {"decode", "give the text of files of tokens", command_decode, decode_options_long, ":ho:"},
    {"feed", "run the loader over files and print a checksum", command_feed, feed_options_long, ":h"},
    {"info", "say what is in files of tokens or text", command_info, info_options_long, ":hjq"},
    {"show", "show a batch of files, row by row, with what is masked", command_show, show_options_long, ":h"},
    {"tokenize", "turn text into shards of tokens", command_tokenize, tokenize_options_long, ":ho:"},
    {0}};

const cli_command *cli_find_command(const char *name) {
  for (const cli_command *command = cli_commands; command->name; command++)
    if (strcmp(command->name, name) == 0) return command;
  return NULL;
}
