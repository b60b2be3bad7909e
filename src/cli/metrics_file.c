#include "metrics_file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "output.h"

enum { ROOM = 1 << 16 };
#define EVERY UINT64_C(5000000000)

int metrics_take(metrics_file *m, const char *command, const char *path) {
  size_t length = strlen(path);
  if (length == 0 || path[length - 1] == '/' || strcmp(path, "-") == 0)
    return cli_usage_error(command, "--metrics is '%s', expected a file, which is written again and again",
                           path);
  m->command = command;
  m->path = path;
  const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
  size_t letters = strlen(name);
  if (letters > 5 && strcmp(name + letters - 5, ".prom") == 0) letters -= 5;
  snprintf(m->run, sizeof m->run, "%.*s", (int)letters, name);
  m->labels[0] = (batch_metrics_label){"run", m->run};
  m->num_labels = 1;
  return CLI_OK;
}

void metrics_label(metrics_file *m, const char *name, const char *value) {
  m->labels[m->num_labels++] = (batch_metrics_label){name, value};
}

/* Reads the beginning of what is there. */
static int read_old(const metrics_file *m, char *found, size_t most, size_t *length) {
  FILE *old = fopen(m->path, "r");
  if (!old) return cli_error(m->command, "%s: open: %s", m->path, strerror(errno));
  *length = fread(found, 1, most, old);
  bool failed = ferror(old);
  fclose(old);
  return failed ? cli_error(m->command, "%s: read: %s", m->path, strerror(EIO)) : CLI_OK;
}

/* A name that was mistaken must not cost a file. */
static int check_old(const metrics_file *m) {
  static const char beginning[] = "# HELP headrace_";
  char found[sizeof beginning] = "";
  size_t length = 0;
  struct stat status;
  if (stat(m->path, &status) != 0)
    return errno == ENOENT ? CLI_OK : cli_error(m->command, "%s: stat: %s", m->path, strerror(errno));
  if (!S_ISREG(status.st_mode)) return CLI_OK; /* that will be said when it is written */
  int answer = read_old(m, found, sizeof beginning - 1, &length);
  if (answer != CLI_OK || length == 0 || strcmp(found, beginning) == 0) return answer;
  return cli_error(m->command,
                   "%s: found something else than metrics of headrace, expected those, or no file", m->path);
}

static int write_now(metrics_file *m, const batch_metrics_object *object) {
  static char text[ROOM];
  batch_metrics_options options = BATCH_METRICS_OPTIONS_INIT;
  options.objects = object;
  options.num_objects = 1;
  options.labels = m->labels;
  options.num_labels = m->num_labels;
  size_t length = batch_metrics_text(&options, text, sizeof text);
  output out;
  if (length == 0 || length >= sizeof text) return cli_library_error(m->command);
  int status = output_open(&out, m->command, m->path, true);
  if (status != CLI_OK) return status;
  out.passing = true;
  output_write(&out, text, length);
  status = output_finish(&out);
  output_drop(&out);
  return status;
}

int metrics_begin(metrics_file *m, const batch_metrics_object *object) {
  if (!m->path) return CLI_OK;
  int status = check_old(m);
  m->pause = EVERY;
  m->due = batch_deadline_after(m->pause);
  return status == CLI_OK ? write_now(m, object) : status;
}

void metrics_pass(metrics_file *m, const batch_metrics_object *object) {
  if (!m->path || batch_deadline_after(0) < m->due) return;
  m->pause = write_now(m, object) == CLI_OK ? EVERY : 2 * m->pause;
  m->due = batch_deadline_after(m->pause);
}

int metrics_end(metrics_file *m, const batch_metrics_object *object) {
  return m->path ? write_now(m, object) : CLI_OK;
}
