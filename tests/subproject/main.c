int other_version(void);

/* Names that the library has inside. */
int pool_create(void);
int error_set(void);

int pool_create(void) {
  return 0;
}

int error_set(void) {
  return 0;
}

int main(void) {
  return other_version() + pool_create() + error_set();
}
