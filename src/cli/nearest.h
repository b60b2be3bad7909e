/* "Did you mean": which of some words was most likely meant by one that is none of them. Includes nothing of the
   command, so that headrace-bench has it too.

   Usage:
       nearest n = nearest_to("tokenise");
       for (each word) nearest_try(&n, word);
       if (n.word) printf("; did you mean %s?", n.word); */
#ifndef HEADRACE_CLI_NEAREST_H
#define HEADRACE_CLI_NEAREST_H

typedef struct nearest {
  const char *meant; /* what was typed */
  const char *word;  /* the nearest so far, the first of those that are as near; NULL: none is near */
  unsigned distance; /* its */
} nearest;

nearest nearest_to(const char *typed);

void nearest_try(nearest *n, const char *word);

/* The restricted Damerau-Levenshtein distance, "optimal string alignment": how many characters must be put in, taken out,
   replaced by another or swapped with the next one, each touched once, to make one word of the other (F. J. Damerau, A
   technique for computer detection and correction of spelling errors, CACM 7(3), 1964; L. Boytsov, Indexing methods for
   approximate dictionary searching, JEA 16, 2011). Here case does not count, nor - for _; words of more than 31 bytes
   are far from all. */
unsigned nearest_distance(const char *a, const char *b);

#endif
