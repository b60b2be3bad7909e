# The data layer's part of the library.
set(HEADRACE_DATA_SOURCES)
set(HEADRACE_DATA_HEADERS)
