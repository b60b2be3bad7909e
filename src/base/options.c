#include "base/options.h"

#include <string.h>

#include "base/error.h"

/* More than any of the structs will ever have: a size above was not set by an INIT. */
enum { MOST = 4096 };

static bool check_size(const options_type *type, const char *function, const char *argument,
                       const void *given, size_t *size) {
  if (!given)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s is NULL, expected an address", function,
                      argument);
  memcpy(size, given, sizeof *size);
  return (*size >= type->first && *size <= MOST) ||
         error_fail(BATCH_ERROR_INVALID_ARGUMENT, "%s: %s.size is %zu, expected %zu: begin with %s", function,
                    argument, *size, type->bytes, type->init);
}

static size_t smaller(size_t a, size_t b) {
  return a < b ? a : b;
}

bool options_read(const options_type *type, const char *function, const char *argument, const void *given,
                  void *mine) {
  const unsigned char *bytes = given;
  size_t size;
  if (!check_size(type, function, argument, given, &size)) return false;
  for (size_t i = type->known; i < size; i++)
    if (bytes[i] != 0)
      return error_fail(BATCH_ERROR_UNSUPPORTED,
                        "%s: %s has %d at byte %zu, expected 0 behind the %zu bytes that this library knows",
                        function, argument, bytes[i], i, type->known);
  memset(mine, 0, type->bytes);
  memcpy(mine, given, smaller(size, type->bytes));
  memcpy(mine, &type->bytes, sizeof type->bytes);
  return true;
}

bool options_write(const options_type *type, const char *function, const char *argument, const void *mine,
                   void *given) {
  unsigned char *to = given;
  size_t size;
  if (!check_size(type, function, argument, given, &size)) return false;
  size_t known = smaller(size, type->bytes);
  memcpy(to + sizeof size, (const unsigned char *)mine + sizeof size, known - sizeof size);
  memset(to + known, 0, size - known);
  return true;
}
