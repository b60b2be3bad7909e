/* Where a text may be cut before it is split by a known way.

   A: between a character of \p{L} or \p{N} and ASCII white space.
   B: behind a line feed, between a character that is no white space and one of \p{L} or \p{N}.

   The pieces of both parts are those of the whole, for every way in known.h, because
   1. The whole has a boundary there. A: no alternative takes white space behind a letter or number: it is only ever
      first ( ?, [^\r\n\p{L}\p{N}]?), or in [\r\n]* and [\r\n/]* behind what is neither letter nor number, or among
      white space alone. B: no alternative takes a letter or number behind a line feed: the class that may stand
      before a word leaves \n out, and \s*[\r\n]+, \s+, [\r\n]* and [\r\n/]* take neither. DeepSeek's first two steps
      take only numbers and CJK: where they have no boundary at the cut, the third step has both sides in one text,
      and there the same holds.
   2. No match in front of the cut looks behind it, other than to see that it ends. A match that ends before the cut
      ended at a character that is still there. One that ends at the cut ends there too when that is the end of the
      text: A: it is of letters or numbers, and greedy; so is the short form behind an apostrophe, whose letters stand
      before the cut whole, or it is none either way since white space is no letter of it. B: it ends with the
      line feed. Taken with what stands before it ([\r\n]*), it stays so. As white space it is alone, since no white
      space is before it: \s*[\r\n]+ takes it either way, and without that \s+(?!\S) takes it at the end and \s+ in
      front of a letter.
   3. Nothing behind the cut looks before it: no pattern has a lookbehind, and the parts of the steps begin at the cut.
      In A a part of three numbers begins anew behind white space; in B in front of a number, which the whole does too.
   The test cuts random texts wherever this allows it. */
#ifndef HEADRACE_TEXT_SPLIT_CUT_H
#define HEADRACE_TEXT_SPLIT_CUT_H

#include "text/split/classes.h"

/* The last such place in (from, bytes); 0: there is none. */
size_t cut_last(const classes *c, const uint8_t *text, size_t from, size_t bytes);

#endif
