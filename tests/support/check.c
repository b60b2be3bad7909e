#include "support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/watchdog.h"

#ifdef CHECK_UNDER_ASAN
/* Tests of what happens when memory runs out ask for more than AddressSanitizer likes to give. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) {
  return "allocator_may_return_null=1";
}
#endif

/* Nothing takes an error back, so another one takes its place: one that no test looks for. */
void check_forget_error(void) {
  batch_symmetry_group(NULL);
  cr_assert_not_null(strstr(batch_last_error()->message, "batch_symmetry_group"));
}

/* Finds one of the alternatives in "NULL|(nil)". */
static bool says_one_of(const char *text, const char *alternatives) {
  for (const char *end; *(end = strchrnul(alternatives, '|')); alternatives = end + 1)
    if (memmem(text, strlen(text), alternatives, (size_t)(end - alternatives))) return true;
  return strstr(text, alternatives);
}

const char *check_missing_word(const char *text, const char *const *words) {
  while (*words && says_one_of(text, *words)) words++;
  return *words;
}

static size_t read_all(int descriptor, char *into, size_t size) {
  size_t length = 0;
  ssize_t got;
  while ((got = read(descriptor, into + length, size - 1 - length)) > 0) length += (size_t)got;
  into[length] = '\0';
  return length;
}

check_ending check_end_of(void (*function)(void *argument), void *argument) {
  check_ending ending = {0, 0, ""};
  int channel[2], state = 0;
  fflush(NULL);
  cr_assert_eq(pipe(channel), 0);
  pid_t child = fork();
  if (child == 0) {
    alarm(WATCHDOG_SECONDS); /* a failed assertion would wait for a runner that does not know the child */
    (void)dup2(channel[1], STDERR_FILENO);
    function(argument);
    _exit(0);
  }
  close(channel[1]);
  read_all(channel[0], ending.message, sizeof ending.message);
  close(channel[0]);
  cr_assert_eq(waitpid(child, &state, 0), child);
  ending.signal = WIFSIGNALED(state) ? WTERMSIG(state) : 0;
  ending.status = WIFSIGNALED(state) ? 128 + ending.signal : WEXITSTATUS(state);
  return ending;
}

static void map_beyond_a_limit(void *argument) {
  const size_t limit = (size_t)512 << 20;
  (void)argument;
  if (setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}) != 0) _exit(0);
  const void *room = mmap(NULL, limit, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  _exit(room == MAP_FAILED);
}

void check_needs_limits_of_memory(void) {
  if (check_end_of(map_beyond_a_limit, NULL).status == 0) cr_skip("nothing limits memory here");
}

void check_needs_exceptions_of_memory(void) {
  const char *loaded = getenv("LD_PRELOAD");
  if (loaded && strstr(loaded, "/vgpreload_")) cr_skip("valgrind's operator new throws nothing");
}

char *check_output_of(int descriptor, void (*function)(void *argument), void *argument) {
  enum { SIZE = 65536 };
  char *text = malloc(SIZE);
  FILE *file = tmpfile();
  cr_assert(text && file);
  fflush(NULL);
  int before = dup(descriptor);
  (void)dup2(fileno(file), descriptor);
  function(argument);
  fflush(NULL);
  (void)dup2(before, descriptor);
  close(before);
  lseek(fileno(file), 0, SEEK_SET);
  read_all(fileno(file), text, SIZE);
  fclose(file);
  return text;
}

int check_count(Batch *batch) {
  return atomic_load(&batch->ref_count);
}

Batch *check_small_batch(uint64_t id) {
  Batch *batch = batch_create(1, 1, 0);
  cr_assert_not_null(batch, "%s", batch_last_error()->message);
  batch->batch_id = id;
  return batch;
}
