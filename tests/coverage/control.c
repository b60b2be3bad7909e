/* What scripts/coverage must find in a program of which all is known: a function that is never called, lines in a row and
   alone, a way that is never gone; and must not find: what a thread did, and what was done before an abort. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static int never_called(int a) {
  a += 1;

  return a * 2;
}

static void *in_a_thread(void *counter) {
  for (int i = 0; i < 1000; i++) ++*(int *)counter;
  return NULL;
}

int main(int count, char **arguments) {
  pthread_t thread;
  int counter = 0;
  if (pthread_create(&thread, NULL, in_a_thread, &counter) || pthread_join(thread, NULL)) return 1;
  if (count > 1) {
    puts(arguments[1]);
    return never_called(counter);
  }
  abort();
}
