/* Made twice, with the options of HEADRACE_HARDENED and without: a canary and a checked call belong here. */
#include <stdio.h>
#include <string.h>

int probe(const char *text);

int probe(const char *text) {
  char copy[64];
  strcpy(copy, text);
  return puts(copy);
}

int main(int argc, char **argv) {
  return probe(argv[argc - 1]) < 0;
}
