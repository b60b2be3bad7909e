#include "dataset/hole.h"

#include <stdio.h>

#include "base/error.h"
#include "base/guard.h"

static bool inside(const uint8_t *map, size_t bytes, const uint8_t *address) {
  return map && address >= map && address < map + bytes;
}

/* The file whose tokens or documents an address is mapped from, and where that mapping starts. */
static const token_file *mapped_at(const token_files *s, const uint8_t *address, const uint8_t **start) {
  for (size_t i = 0; i < s->count; i++) {
    const token_file *file = &s->files[i];
    *start = file->map;
    if (inside(file->map, file->map_bytes, address)) return file;
    *start = file->documents.map;
    if (inside(file->documents.map, file->documents.map_bytes, address)) return file;
  }
  return NULL;
}

bool hole_in_token_files(const void *files, const void *address) {
  const uint8_t *start;
  return mapped_at(files, address, &start) != NULL;
}

bool hole_report(const token_files *s, const void *address, fault *why) {
  const uint8_t *start;
  const token_file *file = mapped_at(s, address, &start);
  if (!file) return false;
  why->code = BATCH_ERROR_IO;
  snprintf(why->message, sizeof why->message,
           "%.700s%s: at byte %td: the file ends before, was changed, or cannot be read there", file->path,
           start == file->map ? "" : " (its index)", (const uint8_t *)address - start);
  return true;
}

bool hole_guarded(const token_files *s, void (*body)(void *context), void *context) {
  fault why;
  if (!guard_install()) return false;
  const void *hole = guard_run_anywhere(body, context, hole_in_token_files, s);
  if (!hole) return true;
  hole_report(s, hole, &why);
  return error_fail(why.code, "%s", why.message);
}
