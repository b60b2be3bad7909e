/* The process that stands ready, and forks a child for each request. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shim.h"

typedef int (*program)(int, char **, char **);

typedef struct request {
  const char *folder, *out, *error;
  time_t seconds;
  faults_call call;
  unsigned n;
  int mode, kind;
  char *arguments[64];
  int count;
} request;

static program start;
static FILE *requests, *answers; /* not the standard ones, whose buffers are the program's to ask for */
static const char *const names[] = {
#define FAULTS_NAME(name) #name,
    FAULTS_CALLS(FAULTS_NAME)};

static faults_call call_named(const char *name) {
  faults_call call = 0;
  while (call < FAULTS_NONE && strcmp(names[call], name) != 0) call++;
  return call;
}

static bool understand(char *line, request *r) {
  enum { FIRST = 8 };
  char *fields[FIRST + 64];
  int n = 0;
  line[strcspn(line, "\n")] = '\0';
  for (char *field; n < FIRST + 63 && (field = strsep(&line, "\t"));) fields[n++] = field;
  if (n <= FIRST) return false;
  *r = (request){fields[0],
                 fields[1],
                 fields[2],
                 strtol(fields[3], NULL, 10),
                 call_named(fields[4]),
                 (unsigned)strtoul(fields[5], NULL, 10),
                 strcmp(fields[6], "on") == 0 ? FAULTS_ON : FAULTS_ONCE,
                 (int)strtol(fields[7], NULL, 10),
                 {NULL},
                 n - FIRST};
  memcpy(r->arguments, fields + FIRST, (size_t)r->count * sizeof *fields);
  return true;
}

static void put_at(int number, const char *path, int flags) {
  int fd = open(path, flags, 0666);
  if (fd < 0 || dup2(fd, number) < 0) _exit(78);
  close(fd);
}

enum { LOOKED_AT = 256 };

static unsigned open_descriptors(void) {
  unsigned n = 0;
  for (int fd = 0; fd < LOOKED_AT; fd++) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

/* What is left when main has returned. */
static void count_what_is_left(unsigned descriptors) {
  faults_report *report = faults_report_of_child;
  report->blocks = faults_blocks(report->left, FAULTS_LEFT);
  report->descriptors = open_descriptors() - descriptors;
  report->threads = (unsigned)faults_threads;
  report->ended = true;
}

static int run(const request *r, char **environment) {
  if (chdir(r->folder) != 0) _exit(78);
  put_at(0, "/dev/null", O_RDONLY);
  put_at(1, r->out, O_WRONLY | O_CREAT | O_TRUNC);
  put_at(2, r->error, O_WRONLY | O_CREAT | O_TRUNC);
  unsigned descriptors = open_descriptors();
  faults_arm(r->call, r->n, r->mode, r->kind);
  int status = start(r->count, (char **)r->arguments, environment);
  faults_disarm();
  count_what_is_left(descriptors);
  return status;
}

/* Returns what waitpid says, or -1 for a child that did not end in time. */
static int wait_for(pid_t child, time_t seconds) {
  sigset_t ends;
  int status;
  sigemptyset(&ends);
  sigaddset(&ends, SIGCHLD);
  if (sigtimedwait(&ends, NULL, &(struct timespec){seconds, 0}) >= 0)
    return waitpid(child, &status, 0) == child ? status : -1;
  kill(child, SIGKILL);
  (void)waitpid(child, &status, 0);
  sigtimedwait(&ends, NULL, &(struct timespec){0, 0});
  return -1;
}

/* Its file, its offset in it, and the function as far as that is exported. */
static void print_place(void *address) {
  Dl_info info;
  if (dladdr(address, &info))
    fprintf(answers, "\"%s+0x%zx %s\"", info.dli_fname, (size_t)((char *)address - (char *)info.dli_fbase),
            info.dli_sname ? info.dli_sname : "");
  else
    fprintf(answers, "\"?\"");
}

static void print_places(const char *name, void *const *places, size_t n) {
  fprintf(answers, ", \"%s\": [", name);
  for (size_t i = 0; i < n; i++) {
    if (i > 0) fprintf(answers, ", ");
    print_place(places[i]);
  }
  fputc(']', answers);
}

static void answer(int status, const faults_report *report) {
  int exit_status = status >= 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  fprintf(answers, "{\"status\": %d, \"signal\": %d, \"hangs\": %s, \"struck\": %u, \"made\": {", exit_status,
          status >= 0 && WIFSIGNALED(status) ? WTERMSIG(status) : 0, status < 0 ? "true" : "false",
          report->struck);
  for (int i = 0; i < FAULTS_NONE; i++)
    fprintf(answers, "%s\"%s\": %u", i > 0 ? ", " : "", names[i], report->made[i]);
  fprintf(answers, "}, \"ended\": %s, \"blocks\": %u, \"descriptors\": %d, \"threads\": %u",
          report->ended ? "true" : "false", report->blocks, (int)report->descriptors, report->threads);
  print_places("where", report->where, (size_t)report->frames);
  print_places("left", report->left, report->blocks < FAULTS_LEFT ? report->blocks : FAULTS_LEFT);
  fprintf(answers, "}\n");
  fflush(answers);
}

/* Stands in main's place, and returns only in children. */
static int stand_ready(int argc, char **argv, char **environment) {
  if (!getenv("HEADRACE_FAULTS")) return start(argc, argv, environment);
  static char line[1 << 14];
  static request r;
  sigset_t ends, before;
  requests = fdopen(dup(0), "r");
  answers = fdopen(dup(1), "w");
  sigemptyset(&ends);
  sigaddset(&ends, SIGCHLD);
  sigprocmask(SIG_BLOCK, &ends, &before);
  while (fgets(line, sizeof line, requests)) {
    if (!understand(line, &r)) return 79;
    memset(faults_report_of_child, 0, sizeof *faults_report_of_child);
    pid_t child = fork();
    if (child < 0) return 80;
    if (child == 0) {
      sigprocmask(SIG_SETMASK, &before, NULL);
      close(fileno(requests)); /* at exit, what is not read yet would be given back */
      return run(&r, environment);
    }
    answer(wait_for(child, r.seconds), faults_report_of_child);
  }
  exit(0);
}

/* The C library calls main from here. */
int __libc_start_main(program main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*end)(void), void *stack);
int __libc_start_main(program main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*end)(void), void *stack) {
  int (*real)(program, int, char **, void (*)(void), void (*)(void), void (*)(void), void *);
  *(void **)&real = dlsym(RTLD_NEXT, "__libc_start_main");
  start = main;
  faults_report_of_child =
      mmap(NULL, sizeof *faults_report_of_child, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return real(stand_ready, argc, argv, init, fini, end, stack);
}
