/* Optional packages: a test of what rests on one begins with need_package(). In a build with the package
   it does nothing; in one without it checks that the library says so, naming the package, and skips
   the rest of the test. */
#ifndef HEADRACE_TESTS_PACKAGES_H
#define HEADRACE_TESTS_PACKAGES_H

typedef enum test_package {
  PACKAGE_ZSTD,
  PACKAGE_ZLIB,
  PACKAGE_UTF8PROC,
  PACKAGE_PCRE2,
  PACKAGE_SENTENCEPIECE
} test_package;

void need_package(test_package package);

#endif
