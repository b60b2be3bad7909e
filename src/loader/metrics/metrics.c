/* The text: families one after the other, each with the samples of all objects. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/options.h"
#include "base/utf8.h"
#include "loader/loader_internal.h"
#include "loader/metrics/families.h"

static const char function[] = "batch_metrics_text";

/* Text that may be longer than there is room for. */
typedef struct writing {
  char *text;
  size_t room, length;
} writing;

__attribute__((format(printf, 2, 3))) static void put(writing *w, const char *format, ...) {
  bool fits = w->length < w->room;
  va_list arguments;
  va_start(arguments, format);
  int bytes = vsnprintf(fits ? w->text + w->length : NULL, fits ? w->room - w->length : 0, format, arguments);
  va_end(arguments);
  if (bytes > 0) w->length += (size_t)bytes;
}

/* A label's value: \, " and line feeds are escaped. */
static void put_label(writing *w, const char *before, const char *name, const char *value) {
  put(w, "%s%s=\"", before, name);
  for (size_t plain; *value; value += plain) {
    plain = strcspn(value, "\\\"\n");
    if (plain == 0)
      put(w, "\\%c", *value == '\n' ? 'n' : *value);
    else
      put(w, "%.*s", (int)plain, value);
    plain += plain == 0;
  }
  put(w, "\"");
}

/* sphere: its number; -1: there is no such label. */
static void put_labels(writing *w, const batch_metrics_options *o, const char *name, int sphere) {
  const char *before = "{";
  char number[16];
  if (name) put_label(w, before, "name", name), before = ",";
  if (sphere >= 0) {
    snprintf(number, sizeof number, "%d", sphere);
    put_label(w, before, "sphere", number);
    before = ",";
  }
  for (size_t i = 0; i < o->num_labels; i++, before = ",")
    put_label(w, before, o->labels[i].name, o->labels[i].value);
  if (*before == ',') put(w, "}");
}

static void put_value(writing *w, const metric_family *family, const metric_view *view) {
  uint64_t value = 0;
  uint32_t small;
  const char *at = (const char *)view + family->offset;
  if (family->bytes == sizeof value) {
    memcpy(&value, at, sizeof value);
  } else {
    memcpy(&small, at, sizeof small);
    value = small;
  }
  if (family->type == METRIC_SECONDS)
    put(w, " %llu.%09llu\n", (unsigned long long)(value / 1000000000),
        (unsigned long long)(value % 1000000000));
  else
    put(w, " %llu\n", (unsigned long long)value);
}

static void put_samples(writing *w, const batch_metrics_options *o, const metric_family *family,
                        const batch_metrics_object *object) {
  metric_view view;
  for (uint32_t part = 0; part < metric_parts_of(object); part++) {
    metric_look(object, part, family, &view);
    put(w, "%s", family->name);
    put_labels(w, o, object->name, family->kind == METRIC_SPHERES ? (int)part : -1);
    put_value(w, family, &view);
  }
}

static void put_heading(writing *w, const char *name, bool counter, const char *help) {
  put(w, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, counter ? "counter" : "gauge");
}

static void put_family(writing *w, const batch_metrics_options *o, const metric_family *family) {
  bool begun = false;
  for (size_t i = 0; i < o->num_objects; i++) {
    if (metric_kind_of(&o->objects[i]) != family->kind) continue;
    if (!begun) put_heading(w, family->name, family->type != METRIC_GAUGE, family->help);
    begun = true;
    put_samples(w, o, family, &o->objects[i]);
  }
}

/* The library's version, as a label of the value 1: what a dashboard can join to the others. */
static void put_version(writing *w, const batch_metrics_options *o) {
  put_heading(w, "headrace_build_info", false, "1; the version of the library.");
  put(w, "headrace_build_info");
  put_label(w, "{", "version", batch_version());
  for (size_t i = 0; i < o->num_labels; i++) put_label(w, ",", o->labels[i].name, o->labels[i].value);
  put(w, "} 1\n");
}

static bool is_utf8(const char *text) {
  return utf8_well_formed((const uint8_t *)text, strlen(text)) == strlen(text);
}

/* To Prometheus a label whose value is "" is no label. */
static bool same(const char *a, const char *b) {
  return strcmp(a ? a : "", b ? b : "") == 0;
}

#define REFUSE(...) error_fail(BATCH_ERROR_INVALID_ARGUMENT, __VA_ARGS__)

static bool check_label(const batch_metrics_options *o, size_t i) {
  static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
  const char *name = o->labels[i].name, *value = o->labels[i].value;
  if (!name || !value) return REFUSE("%s: the %s of label %zu is NULL", function, name ? "value" : "name", i);
  bool own = strcmp(name, "name") == 0 || strcmp(name, "sphere") == 0 || strcmp(name, "version") == 0;
  if (!*name || (*name >= '0' && *name <= '9') || name[strspn(name, letters)] ||
      strncmp(name, "__", 2) == 0 || own)
    return REFUSE(
        "%s: the name of label %zu is %s, expected letters, digits and _, no digit and not __ first, "
        "and not name, sphere or version",
        function, i, *name ? name : "empty");
  if (!is_utf8(value))
    return REFUSE("%s: the value of label %zu, %s, is %s, expected UTF-8", function, i, name, value);
  for (size_t j = 0; j < i; j++)
    if (strcmp(o->labels[j].name, name) == 0)
      return REFUSE("%s: labels %zu and %zu are both %s, expected different names", function, j, i, name);
  return true;
}

static int pointers_of(const batch_metrics_object *o) {
  return (o->loader != NULL) + (o->queue != NULL) + (o->pool != NULL) + (o->spheres != NULL) +
         (o->tokenize != NULL);
}

static bool check_object(const batch_metrics_options *o, size_t i) {
  const batch_metrics_object *object = &o->objects[i];
  const char *name = object->name;
  if (pointers_of(object) != 1)
    return REFUSE("%s: object %zu has %d pointers that are not NULL, expected one", function, i,
                  pointers_of(object));
  for (size_t j = 0; j < sizeof object->reserved / sizeof *object->reserved; j++)
    if (object->reserved[j])
      return error_fail(BATCH_ERROR_UNSUPPORTED,
                        "%s: object %zu is of a kind that this version does not know", function, i);
  if (name && !is_utf8(name))
    return REFUSE("%s: the name of object %zu is %s, expected UTF-8", function, i, name);
  for (size_t j = 0; j < i; j++)
    if (metric_kind_of(&o->objects[j]) == metric_kind_of(object) && same(o->objects[j].name, name))
      return REFUSE("%s: objects %zu and %zu are of one kind and both %s%s, expected different names",
                    function, j, i, name && *name ? "named " : "without a name", name ? name : "");
  if (object->loader && loader_is_elsewhere(function, object->loader)) return false;
  return !metric_spheres_are_elsewhere(function, object->spheres);
}

static bool check(const batch_metrics_options *o) {
  if (o->num_objects > 0 && !o->objects)
    return REFUSE("%s: options.objects is NULL, expected %zu", function, o->num_objects);
  if (o->num_labels > 0 && !o->labels)
    return REFUSE("%s: options.labels is NULL, expected %zu", function, o->num_labels);
  for (size_t i = 0; i < o->num_labels; i++)
    if (!check_label(o, i)) return false;
  for (size_t i = 0; i < o->num_objects; i++)
    if (!check_object(o, i)) return false;
  return true;
}

size_t batch_metrics_text(const batch_metrics_options *options, char *text, size_t room) {
  static const options_type type =
      OPTIONS_TYPE(batch_metrics_options, BATCH_METRICS_OPTIONS_INIT, num_labels);
  batch_metrics_options mine;
  writing w = {.text = text, .room = room};
  if (!text && room > 0) return REFUSE("%s: text is NULL, expected room for %zu bytes", function, room);
  if (room > 0) *text = '\0';
  if (!options_read(&type, function, "options", options, &mine) || !check(&mine)) return 0;
  put_version(&w, &mine);
  for (size_t i = 0; i < metric_families_count; i++) put_family(&w, &mine, &metric_families[i]);
  if (room > 0 && w.length >= room) *text = '\0';
  return w.length;
}
