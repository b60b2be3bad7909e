/* Which sanitizer this is compiled under, said the same way for gcc and clang, and what one is told. */
#ifndef HEADRACE_BASE_SANITIZERS_H
#define HEADRACE_BASE_SANITIZERS_H

#include <stdint.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#endif

/* Memory that nobody may touch until it is given out again: AddressSanitizer reports who does. */
#ifdef UNDER_ASAN
#include <sanitizer/asan_interface.h>
#define MEMORY_POISON(address, bytes)   ASAN_POISON_MEMORY_REGION(address, bytes)
#define MEMORY_UNPOISON(address, bytes) ASAN_UNPOISON_MEMORY_REGION(address, bytes)
#else
#define MEMORY_POISON(address, bytes)   ((void)(address), (void)(bytes))
#define MEMORY_UNPOISON(address, bytes) ((void)(address), (void)(bytes))
#endif

/* What a program under ThreadSanitizer is told by a library that is not: what a thread does before hand_over(object)
   happens before what another does after handed_over(object). It calls whatever of the tool is in the process; a
   library under ThreadSanitizer has atomics that say it. */
#if defined(UNDER_TSAN) || !defined(__GNUC__)
static inline void hand_over(const void *object) {
  (void)object;
}
static inline void handed_over(const void *object) {
  (void)object;
}
#else
/* NOLINTBEGIN(cert-dcl37-c): the names are the tool's */
extern void __tsan_acquire(void *object) __attribute__((weak));
extern void __tsan_release(void *object) __attribute__((weak));
/* NOLINTEND(cert-dcl37-c) */
static inline void hand_over(const void *object) {
  if (__tsan_release) __tsan_release((void *)(uintptr_t)object);
}
static inline void handed_over(const void *object) {
  if (__tsan_acquire) __tsan_acquire((void *)(uintptr_t)object);
}
#endif

#endif
