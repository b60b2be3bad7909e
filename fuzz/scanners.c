/* The pre-tokenizer scanners by hand beside PCRE2 with the pattern that is published: the same pieces for any bytes. A
   place where a text may be cut gives the pieces of the whole. */
#include <stdlib.h>
#include <string.h>

#include "support/fuzz.h"
#include "support/mutate.h"
#include "support/splits.h"

enum { MOST = 4096 };

static splitter *by_hand[SPLITS_KNOWN], *by_pcre2[SPLITS_KNOWN];

static void make_once(void) {
  if (by_hand[0]) return;
  for (int way = 0; way < SPLITS_KNOWN; way++) {
    by_hand[way] = make_split((split_way)way, false);
    by_pcre2[way] = make_split(fuzz_control && way == WAY_QWEN2 ? WAY_CL100K : (split_way)way, true);
  }
}

static void compare(split_way way, const char *text, size_t size, uint64_t seed) {
  piece_list a = split_text(by_hand[way], text, size, &seed),
             b = split_text(by_pcre2[way], text, size, &seed);
  size_t i = first_difference(&a, &b);
  if (i != SIZE_MAX) fuzz_fail("%s: piece %zu is another one than PCRE2's", split_way_names[way], i);
  free(a.pieces);
  free(b.pieces);
}

/* The pieces of text [size] behind those in the list, moved by `at`. */
static void append(piece_list *list, const splitter *s, const char *text, size_t at, size_t size) {
  uint64_t seed = 1;
  piece_list more = split_text(s, text + at, size, &seed);
  list->pieces = realloc(list->pieces, (list->count + more.count + 1) * sizeof *list->pieces);
  for (size_t i = 0; i < more.count; i++)
    list->pieces[list->count++] = (piece){more.pieces[i].start + at, more.pieces[i].end + at};
  free(more.pieces);
}

/* The cut is found in text [from, to): what stands around it is not known there. */
static void check_cut(split_way way, const char *text, size_t size, size_t from, size_t to) {
  size_t cut = splitter_cut(by_hand[way], text + from, 0, to - from);
  if (cut == 0) return;
  if (cut >= to - from) fuzz_fail("%s: cut at %zu of %zu", split_way_names[way], cut, to - from);
  piece_list whole = {NULL, 0}, parts = {NULL, 0};
  append(&whole, by_hand[way], text, 0, size);
  append(&parts, by_hand[way], text, 0, from + cut);
  append(&parts, by_hand[way], text, from + cut, size - from - cut);
  if (first_difference(&whole, &parts) != SIZE_MAX)
    fuzz_fail("%s: the cut at %zu changes the pieces", split_way_names[way], from + cut);
  free(whole.pieces);
  free(parts.pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input in = fuzz_begin(data, size);
  split_way way = (split_way)fuzz_take_below(&in, SPLITS_KNOWN);
  size_t left = fuzz_take_u8(&in), right = fuzz_take_u8(&in);
  if (in.size == 0 || in.size > MOST) return fuzz_end();
  make_once();
  char *text = malloc(in.size); /* AddressSanitizer sees what lies behind */
  memcpy(text, in.data, in.size);
  compare(way, text, in.size, left * 256 + right + 1);
  size_t from = left * in.size / 256, to = in.size - right * (in.size - from) / 256;
  while (from < to && (in.data[from] & 0xC0) == 0x80) from++; /* a window begins between characters */
  if (from < to) check_cut(way, text, in.size, from, to);
  free(text);
  return fuzz_end();
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed) {
  return mutate_text(data, size, most, seed, 3, random_splittable);
}
