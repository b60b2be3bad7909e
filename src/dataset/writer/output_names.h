/* The names that a run of the writer owns: its output, the numbered shards of it, and the companions
   of each (.idx, .index, .loss, .metadata), whatever format they were written in. Beside an output x.bin
   these are x.bin.metadata, x.idx, x_000001.bin, x_000001.idx and so on; x_notes.bin and x_01.bin are not. */
#ifndef HEADRACE_DATASET_WRITER_OUTPUT_NAMES_H
#define HEADRACE_DATASET_WRITER_OUTPUT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "headrace/dataset.h"

typedef struct output_names {
  char *path;      /* of the token file, as the caller named it, with the suffix of the format */
  char *directory; /* that the files are in, behind links; "" or with its slash */
  char *name;      /* of the token file there */
  int stem;        /* bytes of `name` before its extension */
  bool linked;     /* `path` is a link to directory/name */
} output_names;

/* Settles the names for an output of this format, and refuses what cannot be one: what is there and is no
   regular file, a name that readers take for another format. To be freed, also after a failure. */
bool output_names_settle(output_names *o, const char *path, batch_format format);

void output_names_free(output_names *o);

/* A new string: x.bin and 3 give x_000003.bin, x.u32.bin x_000003.u32.bin. NULL, with an error set, when out of
   memory. */
char *output_shard_name(const output_names *o, uint64_t number);

/* A new string: the output that a token file of this name is a shard of, or the name again where it has no
   number. NULL, with an error set, when out of memory. */
char *output_of_shard(const char *name);

/* Whether an entry of the directory is one of the run's names. */
bool output_owns(const output_names *o, const char *entry);

/* The number of the shard that one of the run's names is of; 0: of none. */
uint64_t output_number(const output_names *o, const char *entry);

/* The i-th companion that a token file of this name may have; false: there are no more. */
bool output_companion(const char *token_name, unsigned i, char *companion, size_t room);

/* Whether a name is that of a companion. */
bool output_is_companion(const char *name);

/* As the user would name an entry of the directory. */
void output_shown(const output_names *o, const char *entry, char *shown, size_t room);

#endif
