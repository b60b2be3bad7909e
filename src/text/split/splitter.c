#include "text/split/splitter.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/split/cut.h"
#include "text/split/known.h"
#include "text/split/pattern.h"
#include "text/split/regex.h"
#include "text/split/step.h"

enum { MOST_STEPS = 32 };

struct splitter {
  split_step steps[MOST_STEPS];
  known_step known[MOST_STEPS];
  unsigned count;
  const known_way *way;   /* what the steps are known to be; NULL: nothing */
  const classes *classes; /* where they are */
  bool scans;             /* by hand */
};

struct splitter_state {
  scan scan;
  regex_match *match;
  bool begun[MOST_STEPS]; /* the step has a text */
  bool taken;             /* the first one took the whole text */
  step_cursor cursors[];  /* one a step */
};

bool splitter_supported(const char *function) {
  return regex_supported(function);
}

const char *splitter_unicode_version(void) {
  return regex_unicode_version();
}

splitter *splitter_create(void) {
  return calloc(1, sizeof(splitter));
}

void splitter_free(splitter *s) {
  if (!s) return;
  for (unsigned i = 0; i < s->count; i++) regex_free(s->steps[i].regex);
  free(s);
}

/* Adds a step with a regex in PCRE2's syntax, or a literal string. */
static bool add(splitter *s, const char *pattern, size_t bytes, bool literal, split_behavior behavior,
                bool invert, char *why, size_t room) {
  if (s->count == MOST_STEPS) {
    snprintf(why, room, "more than %d splits one after the other", MOST_STEPS);
    return false;
  }
  regex *r = regex_compile(pattern, bytes, literal, why, room);
  if (!r) return false;
  s->known[s->count] = KNOWN_NONE;
  s->steps[s->count++] = (split_step){r, behavior, invert};
  return true;
}

bool splitter_add_regex(splitter *s, const char *pattern, size_t bytes, split_syntax syntax,
                        split_behavior behavior, bool invert, char *why, size_t room) {
  text_buffer translated = {0};
  known_step step = KNOWN_NONE;
  bool done = pattern_translate(pattern, bytes, syntax, &translated, why, room);
  const char *words = translated.data ? translated.data : "";
  done = done && known_regex(words, translated.used, behavior, invert, &step, why, room) &&
         add(s, words, translated.used, false, behavior, invert, why, room);
  if (done) s->known[s->count - 1] = step;
  text_buffer_free(&translated);
  return done;
}

bool splitter_add_string(splitter *s, const char *string, size_t bytes, split_behavior behavior, bool invert,
                         char *why, size_t room) {
  if (bytes > 0) return add(s, string, bytes, true, behavior, invert, why, room);
  snprintf(why, room, "the split at an empty string");
  return false;
}

bool splitter_add_digits(splitter *s, bool individual, char *why, size_t room) {
  return add(s, "\\p{N}", 5, false, individual ? SPLIT_ISOLATED : SPLIT_CONTIGUOUS, false, why, room);
}

bool splitter_add_named(splitter *s, splitter_name name, char *why, size_t room) {
  const char *pattern = known_pattern(name);
  return splitter_add_regex(s, pattern, strlen(pattern), SPLIT_RUST, SPLIT_ISOLATED, false, why, room);
}

bool splitter_finish(splitter *s, char *why, size_t room) {
  s->way = known_steps(s->known, s->count);
  if (!s->way) return true;
  s->classes = classes_get(why, room);
  s->scans = s->classes;
  return s->scans;
}

const char *splitter_way(const splitter *s) {
  return s->scans ? s->way->name : s->count > 0 ? "PCRE2" : NULL;
}

void splitter_use_pcre2(splitter *s) {
  s->scans = false;
}

splitter_state *splitter_state_create(const splitter *s) {
  splitter_state *state = calloc(1, sizeof *state + s->count * sizeof *state->cursors);
  if (state && s->count > 0 && !(state->match = regex_match_create())) {
    free(state);
    return NULL;
  }
  return state;
}

void splitter_state_free(splitter_state *state) {
  if (!state) return;
  regex_match_free(state->match);
  free(state);
}

/* The next piece behind `steps` steps; behind none, the whole text. Answers as step_next. */
/* NOLINTNEXTLINE(misc-no-recursion): as deep as there are steps, at most MOST_STEPS */
static int next_behind(const splitter *s, splitter_state *state, unsigned steps, const char *text,
                       size_t bytes, piece *out) {
  if (steps == 0) {
    *out = (piece){0, bytes};
    bool taken = state->taken;
    state->taken = true;
    return !taken;
  }
  unsigned last = steps - 1;
  for (;;) {
    if (!state->begun[last]) {
      piece part;
      int got = next_behind(s, state, last, text, bytes, &part);
      if (got != 1) return got;
      step_begin(&state->cursors[last], text, part);
      state->begun[last] = true;
    }
    int got = step_next(&s->steps[last], &state->cursors[last], state->match, out);
    if (got < 0 || (got == 1 && out->start < out->end)) return got;
    if (got == 0) state->begun[last] = false;
  }
}

static size_t next_scanned(const splitter *s, splitter_state *state, const char *text, size_t bytes,
                           size_t *from, piece *pieces, size_t room) {
  if (*from == 0) state->scan = (scan){.classes = s->classes, .text = text, .bytes = bytes};
  size_t count = *from < bytes ? s->way->scan(&state->scan, pieces, room) : 0;
  *from = state->scan.at;
  return count;
}

size_t splitter_next(const splitter *s, splitter_state *state, const char *text, size_t bytes, size_t *from,
                     piece *pieces, size_t room) {
  size_t count = 0;
  if (s->scans) return next_scanned(s, state, text, bytes, from, pieces, room);
  if (*from == 0) {
    memset(state->begun, 0, sizeof state->begun);
    state->taken = false;
  }
  while (count < room && *from < bytes) {
    int got = next_behind(s, state, s->count, text, bytes, &pieces[count]);
    if (got < 0) return got == REGEX_GAVE_UP ? SPLITTER_GAVE_UP : SPLITTER_NO_MEMORY;
    *from = got == 1 ? pieces[count].end : bytes;
    count += got == 1;
  }
  return count;
}

bool splitter_can_cut(const splitter *s) {
  return s->way;
}

size_t splitter_cut(const splitter *s, const char *text, size_t from, size_t bytes) {
  return s->way ? cut_last(s->classes, (const uint8_t *)text, from, bytes) : 0;
}
