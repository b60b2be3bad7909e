/* Memory for what has fields PORT_LINE apart: it begins on a line, and nothing else shares its last one. */
#ifndef HEADRACE_SYNC_LINE_H
#define HEADRACE_SYNC_LINE_H

#include "sync/port.h"

#include <stdlib.h>

/* Returns at least `bytes` >= 1, uninitialized, which free() gives back, or NULL. */
static inline void *line_alloc(size_t bytes) {
  if (bytes > SIZE_MAX - PORT_LINE) return NULL;
  return aligned_alloc(PORT_LINE, (bytes + PORT_LINE - 1) & ~(size_t)(PORT_LINE - 1));
}

#endif
