#include "text/text_buffer.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/utf8.h"

bool text_buffer_reserve(text_buffer *buffer, size_t bytes) {
  if (bytes <= buffer->capacity - buffer->used) return true;
  size_t needed, capacity = buffer->capacity < 512 ? 1024 : 2 * buffer->capacity;
  bool fits = !__builtin_add_overflow(buffer->used, bytes, &needed) && needed <= SIZE_MAX / 2;
  if (fits && capacity < needed) capacity = needed;
  char *grown = fits ? realloc(buffer->data, capacity) : NULL;
  if (!grown)
    return error_fail(BATCH_ERROR_OUT_OF_MEMORY, "text: no memory for %zu bytes more than %zu", bytes,
                      buffer->used);
  buffer->data = grown;
  buffer->capacity = capacity;
  return true;
}

bool text_buffer_append(text_buffer *buffer, const char *text, size_t bytes) {
  if (!text_buffer_reserve(buffer, bytes)) return false;
  if (bytes > 0) memcpy(buffer->data + buffer->used, text, bytes);
  buffer->used += bytes;
  return true;
}

bool text_buffer_append_repaired(text_buffer *buffer, const uint8_t *text, size_t bytes) {
  for (size_t at = 0; at < bytes;) {
    size_t good = utf8_well_formed(text + at, bytes - at);
    if (!text_buffer_append(buffer, (const char *)text + at, good)) return false;
    at += good;
    if (at == bytes) break;
    if (!text_buffer_append(buffer, "\xEF\xBF\xBD", 3)) return false;
    at += utf8_next(text + at, bytes - at).bytes;
  }
  return true;
}

void text_buffer_shrink(text_buffer *buffer, size_t most) {
  if (buffer->capacity > most) text_buffer_free(buffer);
}

void text_buffer_free(text_buffer *buffer) {
  free(buffer->data);
  *buffer = (text_buffer){0};
}
