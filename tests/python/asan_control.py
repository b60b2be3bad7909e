"""Reads memory that has been freed: AddressSanitizer must look on."""
from ctypes import CDLL, c_void_p, string_at

libc = CDLL(None)
libc.malloc.restype = c_void_p
memory = c_void_p(libc.malloc(64))
libc.free(memory)
string_at(memory, 64)
