#include "text/split/step.h"

#include <stdint.h>

#include "base/utf8.h"
#include "text/split/malformed.h"

void step_begin(step_cursor *c, const char *text, piece part) {
  *c = (step_cursor){.text = text,
                     .start = part.start,
                     .end = part.end,
                     .fragment = part.start,
                     .fragment_end = well_formed_end(text, part.start, part.end),
                     .at = part.start,
                     .done = part.start,
                     .last_match = SIZE_MAX};
}

/* Goes behind the malformed bytes that end the fragment. false: it was the last one. */
static bool next_fragment(step_cursor *c) {
  c->fragment = malformed_end(c->text, c->fragment_end, c->end);
  c->at = c->fragment;
  c->fragment_end = well_formed_end(c->text, c->fragment, c->end);
  return c->fragment < c->end;
}

/* Finds the next match. An empty one right behind the last match is none, as in Rust and Oniguruma's find_iter. */
static int find(const split_step *s, step_cursor *c, regex_match *match) {
  do {
    const char *subject = c->text + c->fragment;
    size_t bytes = c->fragment_end - c->fragment;
    int inner =
        (c->fragment > c->start ? REGEX_INNER_START : 0) | (c->fragment_end < c->end ? REGEX_INNER_END : 0);
    while (bytes > 0 && c->at <= c->fragment_end) {
      int got = regex_find(s->regex, match, subject, bytes, c->at - c->fragment, inner, &c->match.start,
                           &c->match.end);
      if (got < 0) return got;
      if (got == 0) break;
      c->match.start += c->fragment;
      c->match.end += c->fragment;
      c->at = c->match.end;
      if (c->match.start < c->match.end || c->match.end != c->last_match) {
        c->last_match = c->match.end;
        return 1;
      }
      c->at += c->at < c->fragment_end
                   ? utf8_next((const uint8_t *)c->text + c->at, c->fragment_end - c->at).bytes
                   : 1;
    }
  } while (next_fragment(c));
  return 0;
}

/* The next match, or what is before it. */
static int segment_next(const split_step *s, step_cursor *c, regex_match *match, piece *out, bool *is_match) {
  if (!c->found && !c->exhausted) {
    int got = find(s, c, match);
    if (got < 0) return got;
    c->found = got == 1;
    c->exhausted = got == 0;
  }
  size_t gap_end = c->found ? c->match.start : c->end;
  *is_match = c->done == gap_end;
  if (*is_match && !c->found) return 0;
  *out = *is_match ? c->match : (piece){c->done, gap_end};
  if (*is_match) c->found = false;
  c->done = out->end;
  *is_match ^= s->invert;
  return 1;
}

/* Of what is removed, the next run of malformed bytes stays. */
static bool malformed_next(step_cursor *c, piece *out) {
  size_t start = well_formed_end(c->text, c->removed.start, c->removed.end);
  if (start == c->removed.end) {
    c->removed.start = start;
    return false;
  }
  *out = (piece){start, malformed_end(c->text, start, c->removed.end)};
  c->removed.start = out->end;
  return true;
}

static int removing_next(const split_step *s, step_cursor *c, regex_match *match, piece *out) {
  bool is_match;
  for (;;) {
    if (c->removed.start < c->removed.end && malformed_next(c, out)) return 1;
    int got = segment_next(s, c, match, out, &is_match);
    if (got != 1 || !is_match) return got;
    c->removed = *out;
  }
}

/* Whether a segment belongs to the piece that is held. */
static bool joins(split_behavior behavior, bool is_match, bool previous) {
  switch (behavior) {
  case SPLIT_MERGED_WITH_PREVIOUS:
    return is_match && !previous;
  case SPLIT_MERGED_WITH_NEXT:
    return !is_match && previous;
  case SPLIT_CONTIGUOUS:
    return is_match == previous;
  default:
    return false;
  }
}

static int joining_next(const split_step *s, step_cursor *c, regex_match *match, piece *out) {
  piece segment;
  bool is_match;
  for (;;) {
    int got = segment_next(s, c, match, &segment, &is_match);
    if (got < 0) return got;
    bool held = c->holds, joined = got == 1 && held && joins(s->behavior, is_match, c->previous);
    if (joined) {
      c->held.end = segment.end;
      c->previous = is_match;
      continue;
    }
    *out = c->held;
    c->holds = got == 1;
    if (c->holds) {
      c->held = segment;
      c->previous = is_match;
    }
    if (held || got == 0) return held;
  }
}

int step_next(const split_step *s, step_cursor *c, regex_match *match, piece *out) {
  bool is_match;
  if (s->behavior == SPLIT_ISOLATED) return segment_next(s, c, match, out, &is_match);
  return s->behavior == SPLIT_REMOVED ? removing_next(s, c, match, out) : joining_next(s, c, match, out);
}
