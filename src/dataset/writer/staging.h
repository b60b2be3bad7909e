/* Where a run's files stand until they are whole, and how they take the place of what was there.

   In the output's directory a run has a hidden one of its own, .NAME.headrace:
       lock     locked while the run lives; who finds it locked is refused
       new/     the files being written, under their final names
       ready/   what new/ is called while its files move to the output's directory
       old/     what they replace, moved aside before
       gone/    what old/ is called once the new files are in place
       unfinished   what is kept of a run of shards until it ends, see run_record.h; it stays when the run stops
   Files only move by rename, whole and flushed. When a move fails, those before it are taken back, last
   one first. A killed process leaves the hidden directory, and the next run with the same output ends
   what it began: ready/ goes forward, without it old/ goes back, the rest is removed. While files are in one
   of these two, others are missing in the output's directory: readers look for them (staging_watch.h).

   Token files move aside first and come into place last, companions the other way round: at no time
   stands a token file beside a companion of another run. A single file that replaces at most one of the
   same name is renamed over it, so that it is the old or the new one at any time. */
#ifndef HEADRACE_DATASET_WRITER_STAGING_H
#define HEADRACE_DATASET_WRITER_STAGING_H

#include "dataset/writer/output_names.h"

typedef struct staging {
  const output_names *names;
  bool overwrite;
  char *hidden_name;
  int directory, hidden, lock; /* open; the hidden directory and the lock in it */
  int fresh;                   /* new/, where files are to be made */
  int spare[2];                /* what tidying up will open, kept free for it: there may be no more by then */
  unsigned generation; /* thread_generation(): in a child that was forked meanwhile nothing is touched */
  bool stuck;          /* files could not be taken back: the hidden directory is to stay */
} staging;

#define STAGING_CLOSED ((staging){.directory = -1, .hidden = -1, .lock = -1, .fresh = -1, .spare = {-1, -1}})

#define STAGING_RECORD     "unfinished"
#define STAGING_RECORD_NEW "unfinished.new" /* being written */

/* Locks the names, ends what a killed run began, and makes room for files; refuses directories that cannot be written.
   names: borrowed. */
bool staging_open(staging *s, const output_names *names, bool overwrite);

/* Looks for whatever would refuse the files in the end: names that are taken (overwrite: taken by what cannot be
   replaced), but for the first `shards` shards, which this run has published. */
bool staging_look(const staging *s, uint64_t shards);

/* Removes what is kept of an unfinished run, if anything. */
bool staging_forget(const staging *s);

/* Whether it was made by the process that forked this one. */
bool staging_is_foreign(const staging *s);

/* Whether publishing would take away the file of this name. */
bool staging_replaces(const staging *s, const char *path, bool *replaces);

/* Gives a file that is being written mode and owner of the one that it is to replace, if there is one. */
bool staging_inherit(const staging *s, const char *name, int fd);

/* Moves all files of new/, sealed, to their places. Without overwrite whatever is there is an error; with
   it, all that the run owns goes, and what is kept of an unfinished run. On failure the directory is as it was; the sentence says where it is
   not. */
bool staging_publish(staging *s);

/* Removes what was not published, and the hidden directory unless something is kept in it; in a forked child, neither. Returns false when
   something of it is still there. Fine when closed. */
bool staging_close(staging *s);

/* The same when all is published and nothing is to be kept: the sentence of a failure says that the files are there. */
bool staging_end(staging *s);

#endif
