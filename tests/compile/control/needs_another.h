/* The control of headers_compile.sh: a header that cannot stand alone. */
size_t needs_stddef(void);
