/* Text that grows. */
#ifndef HEADRACE_TEXT_TEXT_BUFFER_H
#define HEADRACE_TEXT_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct text_buffer {
  char *data;
  size_t used, capacity;
} text_buffer;

/* Makes room for `bytes` more. BATCH_ERROR_OUT_OF_MEMORY. */
bool text_buffer_reserve(text_buffer *buffer, size_t bytes);

bool text_buffer_append(text_buffer *buffer, const char *text, size_t bytes);

/* Appends text with U+FFFD for each maximal malformed part of it. */
bool text_buffer_append_repaired(text_buffer *buffer, const uint8_t *text, size_t bytes);

/* Gives a buffer back that has grown over so many bytes. */
void text_buffer_shrink(text_buffer *buffer, size_t most);

void text_buffer_free(text_buffer *buffer);

#endif
