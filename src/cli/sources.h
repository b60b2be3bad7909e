/* The FILE arguments of what makes batches. Without weights all files are one stream. FILE:WEIGHT mixes: each argument is
   a source of its own, and gives its share of the rows. What is there under the whole name, a file x:3 or what the
   pattern *:3 finds, has no weight; x:3:1 gives it one.

   Usage:
       sources s = {0};
       int status = sources_take(&s, command, argv + optind, argc - optind);
       if (status == CLI_OK) status = sources_open(&s, command, &data_options);
       if (status == CLI_OK) loader = sources_loader(&s, &loader_options);
       batch_loader_free(loader); sources_free(&s); */
#ifndef HEADRACE_CLI_SOURCES_H
#define HEADRACE_CLI_SOURCES_H

#include "data_options.h"
#include "json.h"

typedef struct sources {
  size_t count;              /* arguments */
  char **paths;              /* [count], without their weights */
  batch_loader_source *list; /* [count]; weight 0: there are none */
  size_t opened;             /* datasets: count of them, or one where there are no weights */
  BatchDataset **datasets;   /* [count] */
} sources;

/* What --help says of them. */
extern const char sources_help[];

/* Takes the arguments apart; returns CLI_OK or, having said why, another exit status. */
int sources_take(sources *s, const char *command, char **arguments, size_t n);

/* Opens them, and says what has to be said: options that none has a use for, lines passed over. Returns likewise. */
int sources_open(sources *s, const char *command, const data_options *options);

/* NULL with the library's error. */
BatchLoader *sources_loader(const sources *s, const batch_loader_options *options);

/* Bytes of the widest stored token. */
size_t sources_width(const sources *s);

bool sources_are_mixed(const sources *s);

/* Prints a line for each source of a mix; nothing where there is none. */
void sources_print(const sources *s);

/* The same as an array, "sources". */
void sources_print_json(const sources *s, json *j);

/* "  mix 75/25 %", as many shares as there is room for; "" where there is no mix. */
void sources_describe(const sources *s, char *text, size_t room);

void sources_free(sources *s);

#endif
