/* Packing one window beside a best fit that looks at every row. */
#ifndef HEADRACE_TESTS_PACKS_H
#define HEADRACE_TESTS_PACKS_H

#include "loader/plan/packer.h"

/* Packs the first documents of the packer. The table has the rows of the naive best fit, in its order; nothing is lost or
   doubled, and what is cropped and unused is counted. */
void check_window(packer *p, pack_table *t, uint32_t documents);

#endif
