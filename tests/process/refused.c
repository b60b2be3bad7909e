/* Runs a command whose system refuses calls, as some file systems of the network do, and sandboxes:

   refused CALL ERRNO [CALL ERRNO]... -- COMMAND ARGUMENT...    77: no seccomp here

   CALL: chmod (of what is open), chown, rename (to a new name alone), link. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "process.h"

enum { SKIPPED = 77, MOST = 32 };

static const struct call {
  const char *name;
  long number;
} calls[] = {{"chmod", SYS_fchmod},
             {"chown", SYS_fchown},
             {"rename", SYS_renameat2},
             {"link", SYS_linkat},
#ifdef SYS_link
             {"link", SYS_link}
#endif
};

static struct sock_filter filter[MOST];
static unsigned short used;

static void put(struct sock_filter statement) {
  EXPECT(used < MOST, "too many calls");
  filter[used++] = statement;
}

static void refuse(const char *name, int number) {
  unsigned before = used;
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    if (strcmp(name, calls[i].name) != 0) continue;
    put((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].number, 0, 1));
    put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)number));
  }
  EXPECT(used > before, "%s", name);
}

int main(int argc, char **argv) {
  int i = 1;
  put((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
  for (; i + 2 < argc && strcmp(argv[i], "--") != 0; i += 2) refuse(argv[i], atoi(argv[i + 1]));
  put((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  if (i + 1 >= argc) return 2;
  struct sock_fprog program = {used, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
      prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
    return SKIPPED;
  execvp(argv[i + 1], argv + i + 1);
  return 2;
}
