/* What faults.py must not take for right. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "whole.h"

/* The second block cannot be had: the first is kept. */
bool control_leaks(void) {
  void *volatile one = malloc(10); /* or a compiler does without it */
  void *two = one ? malloc(10) : NULL;
  /* cppcheck-suppress memleak; that is the control */
  if (one && !two) return false;
  free(two);
  free(one);
  return one && two;
}

static int make(const char *name) {
  return open(name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
}

/* What write answers is not looked at. */
bool control_ignores(void) {
  int fd = make("out.bin");
  ssize_t unseen = write(fd, "all of it", 9);
  (void)unseen;
  close(fd);
  return true;
}

bool control_says_nothing(void) {
  int fd = make("out.bin");
  bool good = fd >= 0 && write(fd, "all of it", 9) == 9;
  if (fd >= 0) close(fd);
  return good;
}

/* What was there is gone before what replaces it is. */
bool control_loses(void) {
  int fd = make("new");
  bool good = fd >= 0 && write(fd, "all of it", 9) == 9;
  if (fd >= 0) close(fd);
  unlink("out.bin");
  return good && rename("new", "out.bin") == 0;
}

bool control_hangs(void) {
  while (write(1, ".", 1) != 1) pause();
  return true;
}

bool control_crashes(void) {
  char *memory = malloc(10);
  *(volatile char *)memory = 1;
  free(memory);
  return true;
}
