#include "support/threads.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "support/watchdog.h"

enum { STACK_BYTES = 1 << 20 }; /* a thousand threads have room where addresses have 32 bits */

static void *run(void *argument) {
  test_thread *self = argument;
  watchdog_thread("%s %u", self->name, self->number);
  watchdog_step("runs");
  self->function(self);
  watchdog_leave();
  return NULL;
}

void threads_start(test_thread *threads, unsigned n, const char *name, void (*function)(test_thread *self),
                   void *context) {
  pthread_attr_t attributes;
  cr_assert_eq(pthread_attr_init(&attributes), 0);
  cr_assert_eq(pthread_attr_setstacksize(&attributes, STACK_BYTES), 0);
  for (unsigned i = 0; i < n; i++) {
    threads[i].function = function;
    threads[i].context = context;
    threads[i].number = i;
    threads[i].name = name;
    threads[i].result = NULL;
    atomic_init(&threads[i].kernel, 0);
    cr_assert_eq(pthread_create(&threads[i].id, &attributes, run, &threads[i]), 0);
  }
  pthread_attr_destroy(&attributes);
}

void threads_join(test_thread *threads, unsigned n) {
  for (unsigned i = 0; i < n; i++) {
    watchdog_step("joins a thread");
    pthread_join(threads[i].id, NULL);
  }
  watchdog_step("runs");
}

void thread_waits(test_thread *self, const char *step) {
  watchdog_step(step);
  /* release; pairs with the acquire load in sleeps(): the test looks only after this. */
  atomic_store_explicit(&self->kernel, gettid(), memory_order_release);
}

/* Finds `field` in a thread's file under /proc and returns what comes after it. */
static const char *thread_field(test_thread *thread, const char *field, char *text, size_t size) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/status",
           atomic_load_explicit(&thread->kernel, memory_order_acquire));
  FILE *file = fopen(path, "r");
  size_t length = file ? fread(text, 1, size - 1, file) : 0;
  if (file) fclose(file);
  text[length] = '\0';
  const char *at = strstr(text, field);
  return at ? at + strlen(field) : "";
}

static int asleep(test_thread *thread) {
  char text[4096];
  if (!atomic_load_explicit(&thread->kernel, memory_order_acquire)) return 0;
  return *thread_field(thread, "State:\t", text, sizeof text) == 'S';
}

void threads_until_asleep(test_thread *threads, unsigned n) {
  watchdog_step("waits until threads sleep");
  for (unsigned i = 0; i < n; i++)
    while (!asleep(&threads[i])) nanosleep(&(struct timespec){0, 200000}, NULL);
  watchdog_step("runs");
}

uint64_t thread_sleeps(test_thread *thread) {
  char text[4096];
  return strtoull(thread_field(thread, "\nvoluntary_ctxt_switches:\t", text, sizeof text), NULL, 10);
}
