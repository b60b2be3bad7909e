"""The stand-in for libcuda.so.1 (cuda_stand_in.c): made once a process, and found by who loads that name after it."""
import atexit
import ctypes
import os
import shutil
import subprocess
import tempfile

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cuda_stand_in.c")


def load():
    """The library, loaded under the driver's name; None without a compiler, or where the real one is loaded already."""
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
    if not compiler:
        return None
    folder = tempfile.mkdtemp(prefix="headrace-cuda-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    library = os.path.join(folder, "libcuda.so.1")
    plain = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}  # not a compiler under ASan
    subprocess.run([compiler, "-std=gnu11", "-O1", "-g", "-shared", "-fPIC", "-pthread", "-Wl,-soname,libcuda.so.1",
                    "-o", library, SOURCE], check=True, env=plain)
    loaded = ctypes.CDLL(library)
    if not hasattr(ctypes.CDLL("libcuda.so.1"), "stand_in_hold"):
        return None
    loaded.stand_in_fail.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_int]
    loaded.stand_in_capture.argtypes = [ctypes.c_void_p]
    loaded.stand_in_signal.argtypes = [ctypes.c_char_p]
    for name in ("stand_in_copies", "stand_in_host_functions", "stand_in_registrations"):
        getattr(loaded, name).restype = ctypes.c_long
    return loaded
