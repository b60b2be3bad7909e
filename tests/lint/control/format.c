/* For clang-format: laid out by nobody. */
int  control( int number ){return number;}
