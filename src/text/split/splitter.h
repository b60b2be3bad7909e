/* Cuts text into the pieces that byte-level BPE merges within.

   A splitter is made of steps, one after the other, each applied to every piece of the one before as to a text of its
   own. Known sequences of steps are done by scanners by hand, all others by PCRE2; the pieces are the same.

   Usage:
       splitter *s = splitter_create();
       if (!s || !splitter_add_named(s, SPLITTER_CL100K, why, sizeof why) || !splitter_finish(s, why, sizeof why)) ...
       splitter_state *state = splitter_state_create(s);      one for each thread
       for (size_t from = 0; from < bytes;)
         if ((count = splitter_next(s, state, text, bytes, &from, pieces, 64)) >= SPLITTER_GAVE_UP) ...

   Malformed UTF-8 matches nothing: a maximal run of malformed bytes belongs to what is between two matches, and what
   stands before it is at the end of its text for a lookahead (not for $). It is never removed, whatever the behavior.

   Time: linear in the text for the known ways, by hand or by PCRE2, whatever is in it. Another pattern takes as long as
   PCRE2 backtracks over it; one that tries more than its limit (10 million places and 8 for each byte, in one match) or
   needs more than 256 bytes of stack for each byte of the text is an error.

   Threads: one adds and finishes; after that, any number may use it, each with a state of its own. */
#ifndef HEADRACE_TEXT_SPLIT_SPLITTER_H
#define HEADRACE_TEXT_SPLIT_SPLITTER_H

#include <stdbool.h>
#include <stddef.h>

#include "text/split/piece.h"

typedef struct splitter splitter;
typedef struct splitter_state splitter_state;

/* What becomes of matches, as Hugging Face's SplitDelimiterBehavior; with `invert`, of what is between them. Of
   the-final--countdown, split at -: */
typedef enum split_behavior {
  SPLIT_ISOLATED,             /* the - final - - countdown */
  SPLIT_REMOVED,              /* the final countdown */
  SPLIT_MERGED_WITH_PREVIOUS, /* the- final- - countdown */
  SPLIT_MERGED_WITH_NEXT,     /* the -final - -countdown */
  SPLIT_CONTIGUOUS            /* the - final -- countdown */
} split_behavior;

/* Whose pattern it is: what \s, \w, ^ and $ mean there. */
typedef enum split_syntax {
  SPLIT_RUST,     /* tiktoken's: fancy-regex */
  SPLIT_ONIGURUMA /* those in a tokenizer.json */
} split_syntax;

/* Splits with a name: GPT-2 (r50k, p50k too), GPT-4, GPT-4o, Llama 3, Qwen 2 to 3. */
typedef enum splitter_name {
  SPLITTER_GPT2,
  SPLITTER_CL100K,
  SPLITTER_O200K,
  SPLITTER_LLAMA3,
  SPLITTER_QWEN2
} splitter_name;

/* BATCH_ERROR_UNSUPPORTED, in the name of `function`, in a build without PCRE2. */
bool splitter_supported(const char *function);

/* Without steps: every text is one piece. NULL: no memory. */
splitter *splitter_create(void);
void splitter_free(splitter *s); /* NULL is fine */

/* Each adds a step. false: why [room] is the part of a sentence that says what is not implemented, by name and place
   ("the class set operation && at byte 17"), or "no memory ...". */
bool splitter_add_regex(splitter *s, const char *pattern, size_t bytes, split_syntax syntax,
                        split_behavior behavior, bool invert, char *why, size_t room);
bool splitter_add_string(splitter *s, const char *string, size_t bytes, split_behavior behavior, bool invert,
                         char *why, size_t room);
/* Hugging Face's Digits: runs of \p{N}, or each alone. */
bool splitter_add_digits(splitter *s, bool individual, char *why, size_t room);
bool splitter_add_named(splitter *s, splitter_name name, char *why, size_t room);

/* No step comes after this. Takes a scanner by hand where there is one. */
bool splitter_finish(splitter *s, char *why, size_t room);

/* What splits: "gpt2", "cl100k", "o200k", "qwen2", "deepseek3", or "PCRE2"; NULL: there are no steps. */
const char *splitter_way(const splitter *s);

/* Leaves the scanners out, for comparison. Before any state is made. */
void splitter_use_pcre2(splitter *s);

/* One thread's working memory. NULL: no memory. */
splitter_state *splitter_state_create(const splitter *s);
void splitter_state_free(splitter_state *state); /* NULL is fine */

/* Puts the next pieces of text [bytes] from *from on into pieces [room], room >= 1, in order, none of them empty, and
   returns how many; *from moves behind what was looked at: at bytes, that was all. A text begins with *from == 0 and
   goes on, with the same state, from where it was left. Or answers one of the two below. */
size_t splitter_next(const splitter *s, splitter_state *state, const char *text, size_t bytes, size_t *from,
                     piece *pieces, size_t room);
#define SPLITTER_NO_MEMORY SIZE_MAX
#define SPLITTER_GAVE_UP   (SIZE_MAX - 1) /* more steps than PCRE2 takes for a match */

/* The last place in (from, bytes) where text [bytes] may be cut, so that the pieces of both parts are those of the
   whole, whatever comes before or follows; 0: there is none. from: there is none before it. */
size_t splitter_cut(const splitter *s, const char *text, size_t from, size_t bytes);
bool splitter_can_cut(const splitter *s);

/* Of the tables in use ("14.0.0"), on which ids depend; "" in a build without PCRE2. */
const char *splitter_unicode_version(void);

#endif
