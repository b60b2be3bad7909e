/* Which rank this process is, by what its launcher put into the environment. */
#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "headrace/loader.h"

typedef struct launcher {
  const char *rank, *world;
} launcher;

/* torchrun also runs under Slurm and mpirun, one launcher process a node; so it is asked first. */
static const launcher launchers[] = {
    {"RANK", "WORLD_SIZE"},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE"},
    {"SLURM_PROCID", "SLURM_NTASKS"},
};

static bool parse(const char *name, const char *text, uint32_t *number) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  *number = (uint32_t)value;
  if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && value < UINT32_MAX) return true;
  return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_launcher_rank: %s is \"%s\", expected a number",
                    name, text);
}

bool batch_launcher_rank(uint32_t *rank, uint32_t *world) {
  if (!rank || !world)
    return error_fail(BATCH_ERROR_INVALID_ARGUMENT, "batch_launcher_rank: %s is NULL, expected an address",
                      rank ? "world" : "rank");
  uint32_t r = 0, n = 1;
  for (size_t i = 0; i < sizeof launchers / sizeof *launchers; i++) {
    const char *mine = getenv(launchers[i].rank), *all = getenv(launchers[i].world);
    if (!mine || !all) continue;
    if (!parse(launchers[i].rank, mine, &r) || !parse(launchers[i].world, all, &n)) return false;
    if (r >= n)
      return error_fail(BATCH_ERROR_INVALID_ARGUMENT,
                        "batch_launcher_rank: %s is %u, expected below %s, which is %u", launchers[i].rank, r,
                        launchers[i].world, n);
    break;
  }
  *rank = r;
  *world = n;
  return true;
}
