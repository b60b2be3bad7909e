/* Each of these tests must fail under Memcheck, though Criterion passes them. */
#include <criterion/criterion.h>
#include <stdlib.h>

static void *volatile lost;
static volatile size_t ten = 10;

Test(memcheck, leaks) {
  lost = malloc(10);
  cr_assert_not_null(lost);
  lost = NULL;
}

Test(memcheck, reads_what_nobody_wrote) {
  volatile char *text = malloc(10);
  cr_assert_not_null(text);
  cr_expect(text[3] != 1 || text[4] != 2);
  free((void *)text);
}

Test(memcheck, writes_behind_a_block) {
  volatile char *text = malloc(ten);
  cr_assert_not_null(text);
  text[ten] = 1;
  free((void *)text);
}
