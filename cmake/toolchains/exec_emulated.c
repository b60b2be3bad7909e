/* Loaded into programs that qemu emulates: what they execute is emulated too, where the system does not do that by itself
   (binfmt_misc). Criterion starts its own program anew for each test. QEMU, ROOT and SELF are places that scripts/foreign
   gives. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

typedef int call(const char *path, char *const arguments[], char *const environment[]);

/* Of this processor? */
static int is_own(const char *path) {
  Elf64_Ehdr header = {0};
  int file = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = read(file, &header, sizeof header);
  close(file);
  return n == sizeof header && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 && header.e_machine == MACHINE;
}

int execve(const char *path, char *const arguments[], char *const environment[]) {
  enum { BEFORE = 6, MOST = 256 };
  char *emulated[MOST] = {QEMU, "-L", ROOT, "-E", "LD_PRELOAD=" SELF, (char *)path};
  call *next = (call *)dlsym(RTLD_NEXT, "execve");
  if (!is_own(path)) return next(path, arguments, environment);
  size_t count = 0;
  while (arguments[count]) count++;
  if (count >= MOST - BEFORE) return errno = E2BIG, -1;
  if (count) memcpy(emulated + BEFORE, arguments + 1, count * sizeof *arguments);
  return next(QEMU, emulated, environment);
}
