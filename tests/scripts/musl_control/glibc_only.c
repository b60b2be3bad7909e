#include <errno.h>
#include <stdio.h>
#include <unistd.h>

int main(void) {
  return TEMP_FAILURE_RETRY(write(STDOUT_FILENO, "x", 1)) == 1 ? 0 : 1;
}
