/* SIGINT and SIGTERM end a soak before its time: what there was is put down, judged and told. */
#ifndef HEADRACE_STRESS_SOAK_STOP_H
#define HEADRACE_STRESS_SOAK_STOP_H

/* From here on; before it the default holds. A second signal ends the process at once. One that is ignored stays so. */
void stop_watch(void);

/* The signal that has come; 0: none. */
int stop_signal(void);

#endif
