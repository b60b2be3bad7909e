#include "dataset/hole.h"

#include <stdio.h>

#include "base/error.h"
#include "base/guard.h"

/* A mapping: where it starts, and what it is of. */
typedef struct area {
  const uint8_t *start;
  size_t bytes;
  const char *path, *what;
  bool borrowed;
} area;

static bool inside(const area *a, const uint8_t *address) {
  return a->start && address >= a->start && address < a->start + a->bytes;
}

/* Finds the mapping that an address lies in. */
static bool find_area(const token_files *s, const uint8_t *address, area *found) {
  for (size_t i = 0; i < s->count; i++) {
    const token_file *file = &s->files[i];
    const token_documents *documents = &file->documents;
    const token_loss *loss = &file->loss;
    const area areas[] = {{file->map, file->map_bytes, file->path, "", file->borrowed},
                          {documents->map, documents->map_bytes, file->path,
                           documents->borrowed ? " (document_ends)" : " (its index)", documents->borrowed},
                          {loss->map, loss->map_bytes, loss->path ? loss->path : file->path,
                           loss->path ? "" : " (its loss mask)", file->borrowed}};
    for (size_t k = 0; k < sizeof areas / sizeof *areas; k++)
      if (inside(&areas[k], address)) {
        *found = areas[k];
        return true;
      }
  }
  return false;
}

bool hole_in_token_files(const void *files, const void *address) {
  area found;
  return find_area(files, address, &found);
}

bool hole_report(const token_files *s, const void *address, fault *why) {
  area found;
  if (!find_area(s, address, &found)) return false;
  why->code = BATCH_ERROR_IO;
  snprintf(why->message, sizeof why->message,
           "%.700s%s: at byte %td: the %s ends before, was changed, or cannot be read there", found.path,
           found.what, (const uint8_t *)address - found.start, found.borrowed ? "caller's memory" : "file");
  return true;
}

bool hole_guarded(const token_files *s, void (*body)(void *context), void *context) {
  fault why;
  if (!guard_install()) return false;
  const void *hole = guard_run_anywhere(body, context, hole_in_token_files, s);
  return !hole || (hole_report(s, hole, &why) && error_fail(why.code, "%s", why.message));
}
