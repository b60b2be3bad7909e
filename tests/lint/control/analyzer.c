/* For gcc's analyzer: freed twice where the number is odd. */
#include <stdlib.h>

void control(int number);

void control(int number) {
  void *memory = malloc(16);
  if (number % 2) free(memory);
  free(memory);
}
