/* The control of exported_symbols.sh: a library that exports what it should not. */
int stray(void);
int batch_undeclared(void);

int stray(void) {
  return 1;
}
int batch_undeclared(void) {
  return 2;
}
