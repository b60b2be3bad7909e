#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* What a write that failed answers: glibc asks for 0, musl for less. */
#ifdef __GLIBC__
enum { FAILED = 0 };
#else
enum { FAILED = -1 };
#endif

typedef struct stream {
  int fd, error; /* errno of the first write that failed; 0: none has */
} stream;

static ssize_t put(void *cookie, const char *data, size_t bytes) {
  stream *s = cookie;
  for (size_t done = 0; done < bytes;) {
    ssize_t n = write(s->fd, data + done, bytes - done);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) errno = ENOSPC; /* nothing was taken, and nothing was said */
    if (n <= 0) {
      if (s->error == 0) s->error = errno;
      return FAILED;
    }
    done += (size_t)n;
  }
  return (ssize_t)bytes;
}

/* A close that a signal interrupts has closed all the same. */
static int end(void *cookie) {
  stream *s = cookie;
  int fd = s->fd;
  free(s);
  return close(fd) == 0 || errno == EINTR ? 0 : EOF;
}

FILE *stream_open(int fd) {
  stream *s = malloc(sizeof *s);
  if (!s) return NULL;
  *s = (stream){.fd = fd};
  FILE *file = fopencookie(s, "w", (cookie_io_functions_t){.write = put, .close = end});
  if (!file) free(s);
  return file;
}

static stream out = {.fd = STDOUT_FILENO};

#ifdef __GLIBC__
static void take(FILE **standard, stream *s, int buffering) {
  FILE *file = fopencookie(s, "w", (cookie_io_functions_t){.write = put});
  if (!file) return;
  setvbuf(file, NULL, buffering, 0);
  *standard = file;
}

void stream_take_standard(void) {
  static stream err = {.fd = STDERR_FILENO};
  take(&stdout, &out, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF);
  take(&stderr, &err, _IONBF);
}
#else
void stream_take_standard(void) {}
#endif

int stream_errno(void) {
  return out.error != 0 ? out.error : errno;
}
