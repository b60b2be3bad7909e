/* What every other C++ header of Headrace rests on: the exception, the handles, deadlines from <chrono>.

   Usage:
       try {
         headrace::dataset text("corpus.jsonl");
       } catch (const headrace::error &e) {
         std::fprintf(stderr, "%s\n", e.what()); // as batch_last_error
       }

   Names: a method is the C function without the prefix of its noun and without its first argument, and has the same
   meaning: batch_queue_enqueue_until(queue, ...) is queue.enqueue_until(...). What it does is said there, in queue.h. Where an
   answer is given in another way, the C++ header says so. Option structs are those of C, begun with their INIT.

   Errors: what C answers with false, NULL or -1 and an error throws headrace::error. Ordinary outcomes do not throw:
   FULL, EMPTY, CLOSED, TIMEDOUT, END are a batch_status (of try_ and _until forms, which never throw), an empty batch or
   false. Where a handle is made by C++ itself (a vector, a string), std::bad_alloc too.

   Without exceptions (-fno-exceptions): what would throw prints its sentence to stderr and aborts. Calls that must not
   abort are made by the C functions: T::adopt(batch_..._create(...)) makes a handle that is empty when C answered NULL; and by
   the forms that return a batch_status. All files of a program are to be compiled alike in this.

   Handles: each is a pointer and nothing else. They are moved, not copied (batch, which is counted, can be copied), and
   free what they have at the end of their life. get() lends the C pointer, for every function that is not here; detach()
   gives it away; T::adopt(pointer) takes it over. An empty handle (made without arguments, or moved from) is NULL to C: a call
   on it throws or answers as C does for NULL.

   Threads: the calls on one handle may run at the same time as C says of its functions. Making, moving, assigning and
   destroying one handle may not run beside any use of the same handle. */
#ifndef HEADRACE_BASE_HPP
#define HEADRACE_BASE_HPP

#include "base.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#if defined(__cpp_exceptions) || defined(__EXCEPTIONS)
#define HEADRACE_EXCEPTIONS 1
#else
#define HEADRACE_EXCEPTIONS 0
#endif

#if __cplusplus >= 201703L
#define HEADRACE_NODISCARD [[nodiscard]]
#else
#define HEADRACE_NODISCARD
#endif

namespace headrace {

/* A failure: what() is the sentence, code() the status.
   Usage:  catch (const headrace::error &e) { if (e.code() == BATCH_ERROR_IO) ...; }
   Threads: as any value. */
class HEADRACE_API error : public std::runtime_error {
public:
  error(batch_status code, const std::string &message) : std::runtime_error(message), code_(code) {}

  batch_status code() const noexcept { return code_; }

  /* The calling thread's last error, for who calls C functions. */
  static error last() {
    const batch_error *e = batch_last_error();
    return error(e->code, e->message);
  }

private:
  batch_status code_;
};

/* The deadline so long from the call on; none is in the past. */
inline uint64_t deadline_after(std::chrono::nanoseconds wait) noexcept {
  return batch_deadline_after(wait.count() > 0 ? static_cast<uint64_t>(wait.count()) : 0);
}

/* The deadline at a time of steady_clock, which is CLOCK_MONOTONIC. */
inline uint64_t deadline_at(std::chrono::steady_clock::time_point time) noexcept {
  auto since = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  return since > 0 ? static_cast<uint64_t>(since) : BATCH_NO_WAIT;
}

/* What the headers themselves use. */
namespace detail {

[[noreturn]] __attribute__((cold, noinline)) inline void fail(const error &e) {
#if HEADRACE_EXCEPTIONS
  throw e;
#else
  std::fprintf(stderr, "headrace: %s\n", e.what());
  std::abort();
#endif
}

[[noreturn]] __attribute__((cold, noinline)) inline void fail_last() {
  fail(error::last());
}

inline void check(bool done) {
  if (!done) fail_last();
}

template <typename T> T *check(T *made) {
  if (!made) fail_last();
  return made;
}

/* After a NULL or a false that may be an outcome: `outcome` is none, anything else is an error. */
inline void check_outcome(batch_status outcome) {
  if (batch_last_error()->code != outcome) fail_last();
}

/* Calls f; no exception leaves. Returns `otherwise` in its place. */
template <typename R, typename F> R guarded(R otherwise, F &&f) noexcept {
#if HEADRACE_EXCEPTIONS
  try {
    return f();
  } catch (...) {
    return otherwise;
  }
#else
  (void)otherwise;
  return f();
#endif
}

[[noreturn]] __attribute__((cold, noinline)) inline void fail_empty(const char *call) {
  fail(error(BATCH_ERROR_INVALID_ARGUMENT,
             "headrace::" + std::string(call) + ": the handle is empty, expected one that has something"));
}

/* The owner of a T, which Free ends. Self is the class that derives from it. */
template <typename Self, typename T, void (*Free)(T *)> class handle {
public:
  static Self adopt(T *made) noexcept {
    Self self;
    static_cast<handle &>(self).pointer_ = made;
    return self;
  }

  T *get() const noexcept { return pointer_; }
  explicit operator bool() const noexcept { return pointer_ != nullptr; }

  HEADRACE_NODISCARD T *detach() noexcept {
    T *given = pointer_;
    pointer_ = nullptr;
    return given;
  }

  /* Frees, or drops the reference to, what it has. */
  void reset() noexcept {
    if (T *old = detach()) Free(old);
  }

protected:
  constexpr handle() noexcept : pointer_(nullptr) {}
  explicit handle(T *made) noexcept : pointer_(made) {}
  handle(const handle &) = delete;
  handle &operator=(const handle &) = delete;
  handle(handle &&other) noexcept : pointer_(other.detach()) {}
  handle &operator=(handle &&other) noexcept {
    T *taken = other.detach();
    reset();
    pointer_ = taken;
    return *this;
  }
  ~handle() {
    if (pointer_) Free(pointer_);
  }

  /* For what reads the object itself: C is not asked, which would refuse NULL. */
  T &object(const char *call) const {
    if (!pointer_) fail_empty(call);
    return *pointer_;
  }

private:
  T *pointer_;
};

} // namespace detail
} // namespace headrace

#endif
