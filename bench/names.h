/* The names that a suite knows, of options, cells and contestants: for the completion of shells, and for who has
   misspelled one. */
#ifndef BENCH_NAMES_H
#define BENCH_NAMES_H

#include "frame.h"

#include <getopt.h>

/* Says on stderr that the argument of the command line, which getopt answered '?' or ':' for, is no option, or lacks its
   own argument. Returns false. */
bool names_refuse_option(const bench_suite *suite, const struct option *options, int answer, char **argv);

/* Says on stderr that no cell, or contestant, is wanted, and which was meant. Returns the exit status. */
int names_nobody(const bench_suite *suite, const bench_options *options, const bench_cell *cells,
                 size_t cell_count);

/* headrace-bench --complete SUITE [OPTION]: the options, as headrace complete prints those of a command; or the words that
   an option takes, as far as they are known. Returns the exit status. */
int names_complete(const bench_suite *suite, const struct option *options, const char *option);

#endif
