/* The versions of the Debian packages that the peers come from, as found when this was configured. */
#ifndef BENCH_PACKAGE_H
#define BENCH_PACKAGE_H

/* Returns "libck-dev 0.7.1-10"; the bare name where the version is not known. */
const char *package_version(const char *package);

#endif
