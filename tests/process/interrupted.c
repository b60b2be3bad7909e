/* Runs a command of whose calls of write and writev every second one is interrupted, and takes nothing: the kernel asks
   this process about each (seccomp), whoever makes it, the C library included.

   interrupted COMMAND ARGUMENT...    ends with the command's exit status; 77: no seccomp here; 99: no call was seen
   interrupted plain LINES            prints as many lines through the C library's own stdout */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "process.h"

enum { SKIPPED = 77, UNSEEN = 99 };

/* Returns the descriptor by which the kernel asks. */
static int watch_writes(void) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_writev, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
  return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

typedef union passed {
  struct cmsghdr header;
  char room[CMSG_SPACE(sizeof(int))];
} passed;

static void send_descriptor(int to, int fd) {
  char byte = 0;
  passed p = {.room = {0}};
  struct iovec data = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &p, .msg_controllen = sizeof p.room};
  p.header =
      (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof fd), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&p.header), &fd, sizeof fd);
  EXPECT(sendmsg(to, &message, 0) == 1, "%s", strerror(errno));
}

static int receive_descriptor(int from) {
  char byte;
  int fd;
  passed p;
  struct iovec data = {&byte, 1};
  struct msghdr message = {
      .msg_iov = &data, .msg_iovlen = 1, .msg_control = &p, .msg_controllen = sizeof p.room};
  if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) != 1 || message.msg_controllen == 0) return -1;
  memcpy(&fd, CMSG_DATA(&p.header), sizeof fd);
  return fd;
}

static void run_watched(int to, char **argv) {
  int fd = watch_writes();
  if (fd < 0) _exit(SKIPPED);
  send_descriptor(to, fd);
  close(fd);
  close(to);
  execvp(*argv, argv);
  _exit(UNSEEN);
}

/* Until nobody is left whom the kernel would ask about. Returns how many calls were interrupted. */
static unsigned answer_all(int listener) {
  union {
    struct seccomp_notif of;
    char room[512];
  } asked;
  union {
    struct seccomp_notif_resp of;
    char room[512];
  } answer;
  struct pollfd ready = {.fd = listener, .events = POLLIN};
  unsigned calls = 0;
  while (poll(&ready, 1, -1) > 0 && (ready.revents & POLLIN)) {
    memset(&asked, 0, sizeof asked);
    memset(&answer, 0, sizeof answer);
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &asked) != 0) continue; /* it was killed */
    answer.of.id = asked.of.id;
    if (calls++ % 2 == 0)
      answer.of.error = -EINTR;
    else
      answer.of.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
  return (calls + 1) / 2;
}

static int run(char **argv) {
  int pair[2], status;
  EXPECT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0, "%s", strerror(errno));
  pid_t child = fork();
  EXPECT(child >= 0, "%s", strerror(errno));
  if (child == 0) run_watched(pair[1], argv);
  close(pair[1]);
  int listener = receive_descriptor(pair[0]);
  unsigned interrupted = listener >= 0 ? answer_all(listener) : 0;
  EXPECT(waitpid(child, &status, 0) == child, "%s", strerror(errno));
  if (WIFSIGNALED(status)) return 128 + WTERMSIG(status);
  return listener >= 0 && interrupted == 0 ? UNSEEN : WEXITSTATUS(status);
}

static int print_plainly(int lines) {
  for (int i = 0; i < lines; i++) printf("line %d\n", i);
  return fflush(stdout) != 0 || ferror(stdout);
}

int main(int argc, char **argv) {
  alarm(CASE_SECONDS);
  if (argc == 3 && strcmp(argv[1], "plain") == 0) return print_plainly(atoi(argv[2]));
  return argc > 1 ? run(argv + 1) : 2;
}
