/* What faults.py must not take for right. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static bool fail(const char *what) {
  fprintf(stderr, "whole: %s: %s\n", what, strerror(errno));
  return false;
}

static bool fail_without(const char *name) {
  int number = errno;
  unlink(name);
  errno = number;
  return fail(name);
}

/* What fsync and close say is not looked at. */
bool control_ignores_disk(void) {
  int fd = make("out.bin");
  if (fd < 0) return fail("out.bin");
  bool good = write(fd, "all of it", 9) == 9;
  (void)fsync(fd);
  close(fd);
  return good || fail_without("out.bin");
}

/* As control_leaks, but it is the C library that asks for the block. */
bool control_leaks_text(void) {
  char *volatile one = strdup("one"); /* volatile: a compiler would see that nobody reads them */
  char *volatile two = one ? strdup("two") : NULL;
  /* cppcheck-suppress memleak; that is the control */
  if (!two) return fail("no memory for text");
  free(two);
  free(one);
  return true;
}

/* Without its output a folder stays, or a temporary file. */
static bool litter(bool (*begin)(void), void (*end)(void)) {
  int fd = begin() ? make("out.bin") : -1;
  if (fd < 0) return fail("out.bin");
  close(fd);
  end();
  return true;
}

static bool begin_folder(void) {
  return mkdir("beside", 0777) == 0;
}

static void end_folder(void) {
  rmdir("beside");
}

static const char *temporary(void) {
  static char name[4096];
  snprintf(name, sizeof name, "%s/left", getenv("TMPDIR"));
  return name;
}

static bool begin_temporary(void) {
  int fd = make(temporary());
  if (fd >= 0) close(fd);
  return fd >= 0;
}

static void end_temporary(void) {
  unlink(temporary());
}

bool control_leaves_folder(void) {
  return litter(begin_folder, end_folder);
}

bool control_leaves_temporary(void) {
  return litter(begin_temporary, end_temporary);
}

/* Does not name the file. */
bool control_is_vague(void) {
  int fd = make("out.bin");
  if (fd < 0) return fail("batch_writer_create: the output");
  close(fd);
  return true;
}

static int place(void) {
  char digit = '0';
  int fd = open("run.state", O_RDONLY);
  if (fd < 0) return 0;
  ssize_t unseen = read(fd, &digit, 1);
  (void)unseen;
  close(fd);
  return digit - '0';
}

static void set_place(int place) {
  char digit = (char)('0' + place);
  int fd = make("run.state");
  ssize_t unseen = write(fd, &digit, 1);
  (void)unseen;
  close(fd);
}

/* Of nine steps the state says that some are done before they are. */
bool control_skips(void) {
  int first = whole_resumes ? place() : 0;
  set_place(first < 5 ? 5 : 9);
  int fd = open("out.bin", O_RDONLY);
  if (fd < 0) return fail("out.bin");
  close(fd);
  set_place(9);
  printf("checksum %016x\n", 511u & (~0u << first));
  return true;
}

/* Who reads it meanwhile finds a part. */
bool control_writes_in_place(void) {
  int fd = make("m.prom");
  if (fd < 0) return fail("m.prom");
  bool good = write(fd, "all", 3) == 3 && write(fd, " of it", 6) == 6;
  close(fd);
  return good;
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
