/* The character map of a SentencePiece model: a double array (of darts-clone) that finds the longest rule which
   text begins with, and the texts that rules put in its place. libsentencepiece follows it without looking at
   its bounds, so every way through it is walked here first. */
#ifndef HEADRACE_TEXT_CHARACTER_MAP_H
#define HEADRACE_TEXT_CHARACTER_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct character_map {
  bool mixes_blank;     /* a rule has one and something else, or puts one, or nothing, for part of a word */
  bool mixes_line_feed; /* a rule has one and something else */
} character_map;

/* An empty map is fine. Returns NULL, or what is wrong. */
const char *character_map_check(const uint8_t *bytes, size_t count, character_map *map);

#endif
