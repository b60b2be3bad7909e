# 32 bits, which an x86-64 runs itself: programs name the loader and the libraries that are unpacked.
set(HEADRACE_FOREIGN i386)
set(HEADRACE_TRIPLE i386-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR i686)
include(${CMAKE_CURRENT_LIST_DIR}/foreign.cmake)
string(CONCAT CMAKE_EXE_LINKER_FLAGS_INIT "-Wl,--dynamic-linker=${CMAKE_SYSROOT}/lib/ld-linux.so.2 -Wl,--disable-new-dtags "
  "-Wl,-rpath=${CMAKE_SYSROOT}/lib/${HEADRACE_TRIPLE}:${CMAKE_SYSROOT}/usr/lib/${HEADRACE_TRIPLE}")
