// A check that says where it failed, and what the C++ tests share.
#ifndef HEADRACE_TESTS_CPP_CHECK_HPP
#define HEADRACE_TESTS_CPP_CHECK_HPP

#include <headrace/headrace.hpp>

#include <cstdio>
#include <string>

static int failures;

static inline void check_that(bool right, const char *file, int line, const char *what) {
  if (right) return;
  std::printf("%s:%d: %s\n", file, line, what);
  failures++;
}

#define CHECK(condition) check_that(bool(condition), __FILE__, __LINE__, #condition)

// Whether `call` throws headrace::error with `status`, and a sentence that has `words`.
template <typename F> bool throws(batch_status status, const char *words, F call) {
  try {
    call();
  } catch (const headrace::error &e) {
    if (e.code() == status && std::string(e.what()).find(words) != std::string::npos) return true;
    std::printf("  %s: %s\n", batch_status_name(e.code()), e.what());
  }
  return false;
}

#define CHECK_THROWS(expression, status, words)                                                              \
  check_that(throws(status, words, [&] { (void)(expression); }), __FILE__, __LINE__, "throws: " #expression)

// Runs a test: whatever it made is gone afterwards.
static inline void run(const char *name, void (*test)()) {
  size_t live = batch_count_live();
  int before = failures;
  test();
  CHECK(batch_count_live() == live);
  if (failures > before) std::printf("%s failed\n", name);
}

#define RUN(test) run(#test, test)

#endif
