/* A library as it must not be: a kilobyte of thread-local variables. */
char *control(void);
char *control(void) {
  static _Thread_local char sentence[1024];
  return sentence;
}
