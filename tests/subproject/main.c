int other_version(void);

int main(void) {
  return other_version();
}
