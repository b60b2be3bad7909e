# AArch64 under qemu's emulation of one process.
set(HEADRACE_FOREIGN arm64)
set(HEADRACE_TRIPLE aarch64-linux-gnu)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
include(${CMAKE_CURRENT_LIST_DIR}/foreign.cmake)
set(CMAKE_CROSSCOMPILING_EMULATOR ${folder}/${HEADRACE_FOREIGN}/bin/run)
