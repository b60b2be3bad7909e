#include "support/fuzz.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fuzz_control, fuzz_taken, fuzz_undecided, fuzz_ended;

void fuzz_fail(const char *format, ...) {
  va_list arguments;
  fputs("FAULT: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fprintf(stderr, "; last error: %d, \"%s\"\n", batch_last_error()->code, batch_last_error()->message);
  fuzz_remove_folder();
  abort();
}

/* A bit for each of the first 64 descriptors that is open. */
static uint64_t open_descriptors(void) {
  enum { MOST = 64 };
  struct pollfd each[MOST];
  uint64_t are_open = 0;
  for (int fd = 0; fd < MOST; fd++) each[fd] = (struct pollfd){.fd = fd};
  if (poll(each, MOST, 0) < 0) fuzz_fail("poll");
  for (int fd = 0; fd < MOST; fd++) are_open |= (uint64_t) !(each[fd].revents & POLLNVAL) << fd;
  return are_open;
}

static uint64_t were_open;

fuzz_input fuzz_begin(const uint8_t *data, size_t size) {
  were_open = open_descriptors();
  fuzz_taken = fuzz_undecided = false;
  fuzz_control = fuzz_control || getenv("FUZZ_CONTROL");
  return (fuzz_input){data, size};
}

int fuzz_end(void) {
  uint64_t left = open_descriptors() & ~were_open;
  if (left) fuzz_fail("descriptor %d is left open", __builtin_ctzll(left));
  fuzz_ended = true;
  return 0;
}

uint8_t fuzz_take_u8(fuzz_input *in) {
  if (in->size == 0) return 0;
  in->size--;
  return *in->data++;
}

uint64_t fuzz_take_u64(fuzz_input *in) {
  uint64_t value = 0;
  for (unsigned shift = 0; shift < 64; shift += 8) value |= (uint64_t)fuzz_take_u8(in) << shift;
  return value;
}

unsigned fuzz_take_below(fuzz_input *in, unsigned n) {
  return fuzz_take_u8(in) % n;
}

fuzz_part fuzz_take_part(fuzz_input *in) {
  const size_t mark = sizeof FUZZ_MARK - 1;
  const uint8_t *at = in->size ? memmem(in->data, in->size, FUZZ_MARK, mark) : NULL;
  fuzz_part part = {in->data, at ? (size_t)(at - in->data) : in->size};
  size_t taken = at ? part.size + mark : part.size;
  in->data += taken;
  in->size -= taken;
  return part;
}

bool fuzz_append(fuzz_bytes *to, const void *data, size_t bytes) {
  if (bytes > sizeof to->data - to->used) return false;
  if (bytes > 0) memcpy(to->data + to->used, data, bytes);
  to->used += bytes;
  return true;
}

void fuzz_append_filled(fuzz_bytes *to, fuzz_part part, char hole, const fuzz_bytes *filling) {
  while (part.size > 0) {
    const uint8_t *at = memchr(part.data, hole, part.size);
    size_t plain = at ? (size_t)(at - part.data) : part.size;
    fuzz_append(to, part.data, plain);
    if (at) fuzz_append(to, filling->data, filling->used);
    part.data += plain + (at != NULL);
    part.size -= plain + (at != NULL);
  }
}

static bool is_printable(const char *text) {
  for (; *text; text++)
    if ((unsigned char)*text < 0x20 || *text == 0x7F) return false;
  return true;
}

void fuzz_check_refusal(const char *must_name) {
  const batch_error *error = batch_last_error();
  switch (error->code) {
  case BATCH_ERROR_FORMAT:
  case BATCH_ERROR_IO:
  case BATCH_ERROR_UNSUPPORTED:
  case BATCH_ERROR_INVALID_ARGUMENT:
  case BATCH_ERROR_OUT_OF_RANGE:
  case BATCH_ERROR_OVERFLOW:
    break;
  default:
    fuzz_fail("refused for no reason that input can be");
  }
  if (!is_printable(error->message)) fuzz_fail("a message that is not printable");
  if (error->code == BATCH_ERROR_INVALID_ARGUMENT && strncmp(error->message, "batch_", 6) == 0) return;
  if (must_name && !strstr(error->message, must_name))
    fuzz_fail("a message that does not name %s", must_name);
}
