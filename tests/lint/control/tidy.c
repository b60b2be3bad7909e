/* For clang-tidy: the loop never ends. */
#include <stddef.h>

void control(char *text, size_t bytes);

void control(char *text, size_t bytes) {
  for (unsigned char i = 0; i < bytes; i++) text[i] = 0;
}
