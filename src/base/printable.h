/* Text for people's terminals, from bytes that may be anything: a path, a line of a file. */
#ifndef HEADRACE_BASE_PRINTABLE_H
#define HEADRACE_BASE_PRINTABLE_H

#include <stddef.h>

/* Copies text into to [room >= 1]. UTF-8 stays; what a terminal would act upon (control bytes, DEL, C1,
   what turns the direction of writing) and bytes that are no UTF-8 become \xNN each. Where the room ends
   it is cut before a character, never inside one. Copying the copy changes nothing. */
void printable_copy(char *to, size_t room, const char *text);

#endif
