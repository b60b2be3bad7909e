/* For clang-tidy's analyzer: on one of the ways there is nothing at the pointer. */
#include <stddef.h>

int control(const int *number, int otherwise);

int control(const int *number, int otherwise) {
  if (number == NULL) otherwise++;
  return *number + otherwise;
}
