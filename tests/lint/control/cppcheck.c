/* For cppcheck: the fifth of four. */
int control(void);

int control(void) {
  int numbers[4] = {0, 1, 2, 3};
  return numbers[4];
}
