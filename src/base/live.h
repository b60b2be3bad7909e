/* The objects that a call of their own frees (queues, loaders, datasets, ...): to free one twice is told
   here, without a look at its memory, which is gone by then or another's.

   Threads: any, at the same time. Lock-free; nothing is allocated. What it cannot tell: that the address
   has become another object's meanwhile, and, once some thousand objects have been there at one time,
   anything. */
#ifndef HEADRACE_BASE_LIVE_H
#define HEADRACE_BASE_LIVE_H

/* Enters an object that was made. */
void live_enter(const void *object);

/* Takes an object out that is about to be freed; ends the process, in the name of `function`, if it is not
   there. */
void live_leave(const char *function, const void *object);

#endif
