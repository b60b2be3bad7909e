/* A trainer that Prometheus can scrape: a thread answers each connection to 127.0.0.1:PORT with the metrics of the loader
   and of a queue, while the trainer takes batches.

   metrics_server PORT FILE...     PORT 0: any; it is printed. SIGINT or SIGTERM ends it. */
#include <headrace/headrace.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stopped;

static void stop(int number) {
  (void)number;
  stopped = 1;
}

typedef struct server {
  int listening;
  batch_metrics_options metrics;
} server;

/* The handler: whatever was asked for, the metrics are the answer. */
static void answer(const server *s, int client) {
  static char text[65536];
  char request[4096], head[200];
  size_t length = batch_metrics_text(&s->metrics, text, sizeof text);
  if (length >= sizeof text) length = 0; /* text is "" */
  setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &(struct timeval){.tv_sec = 5}, sizeof(struct timeval));
  int bytes = snprintf(head, sizeof head,
                       "HTTP/1.0 200 OK\r\nContent-Type: " BATCH_METRICS_CONTENT_TYPE
                       "\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n",
                       length);
  if (read(client, request, sizeof request) > 0 && write(client, head, (size_t)bytes) == bytes)
    for (ssize_t more, at = 0; (more = write(client, text + at, length - (size_t)at)) > 0;) at += more;
}

static void *serve(void *context) {
  const server *s = context;
  for (int client; (client = accept(s->listening, NULL, NULL)) >= 0; close(client)) answer(s, client);
  return NULL;
}

/* Returns a listening socket, having printed where; -1: it could not be had. */
static int listen_on(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      bind(fd, (struct sockaddr *)&address, size) != 0 || listen(fd, 8) != 0 ||
      getsockname(fd, (struct sockaddr *)&address, &size) != 0) {
    perror(port);
    if (fd >= 0) close(fd);
    return -1;
  }
  printf("http://127.0.0.1:%u/metrics\n", ntohs(address.sin_port));
  fflush(stdout);
  return fd;
}

/* What a trainer does: here it hands batches on to a queue, and takes them from there. */
static void train(BatchLoader *loader, BatchQueue *queue) {
  for (Batch *batch; !stopped && (batch = batch_loader_next(loader));) {
    if (!batch_queue_enqueue(queue, batch)) batch_release(batch);
    batch_release(batch_queue_dequeue(queue));
    usleep(1000);
  }
}

int main(int argc, char **argv) {
  batch_loader_options options = BATCH_LOADER_OPTIONS_INIT;
  options.batch_size = 8;
  options.sequence_length = 256;
  options.epochs = BATCH_LOADER_ENDLESS;
  int files = argc - 2;
  BatchDataset *text =
      files > 0 ? batch_dataset_open((const char *const *)argv + 2, (size_t)files, NULL) : NULL;
  BatchLoader *loader = text ? batch_loader_create(text, &options) : NULL;
  BatchQueue *queue = batch_queue_create(4);
  if (!loader || !queue) {
    fprintf(stderr, "metrics_server: %s\n",
            files > 0 ? batch_last_error()->message : "expected PORT FILE...");
    return 2;
  }

  batch_metrics_object objects[] = {{.name = "train", .loader = loader}, {.name = "done", .queue = queue}};
  server s = {.listening = listen_on(argv[1]), .metrics = BATCH_METRICS_OPTIONS_INIT};
  s.metrics.objects = objects;
  s.metrics.num_objects = 2;
  pthread_t thread;
  if (s.listening < 0 || pthread_create(&thread, NULL, serve, &s) != 0) return 1;
  signal(SIGPIPE, SIG_IGN); /* who scrapes may hang up */
  signal(SIGINT, stop);
  signal(SIGTERM, stop);
  train(loader, queue);

  shutdown(s.listening, SHUT_RDWR); /* accept answers, and the thread ends, before what it looks at goes */
  pthread_join(thread, NULL);
  close(s.listening);
  batch_loader_free(loader);
  batch_dataset_free(text);
  batch_queue_free(queue);
  return 0;
}
