/* What --help prints, in one shape for all commands: docs, manual pages and the completion of shells rely on it.

       Usage: ...                         further forms 7 blanks to the right
       one sentence                       what the command is, from the list of commands
       paragraphs, groups of options      a heading that ends with a colon, lines "  --name ARGUMENT  text"
       Examples:
       Exit status: ...

   Parts are separated by an empty line. No line is over 79 columns; on a terminal that is narrower they are wrapped,
   elsewhere never. */
#ifndef HEADRACE_CLI_HELP_H
#define HEADRACE_CLI_HELP_H

#include <stdio.h>

/* usage: the forms behind "Usage: ", a line each; parts: up to a NULL. Returns the exit status. */
int help_print(const char *command, const char *usage, const char *const *parts);

/* Of headrace itself. */
void help_print_overview(FILE *to);

#endif
