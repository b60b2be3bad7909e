"""What each kind of call is made to answer, and whether a run may go on then."""
import errno
import os

from stack import Stack, library_of

SHORT, DIE = -1, -2

# Which errors each kind of call is given.
IO = ("EIO",)
CALLS = {
    "memory": ("ENOMEM",),
    "open": ("EIO", "EMFILE", "ENOSPC", "EINTR"),
    "read": ("EIO", "EINTR", "short"),
    "write": ("EIO", "ENOSPC", "EINTR", "short", "die"),
    "fsync": ("EIO", "ENOSPC", "EINTR", "die"),
    "truncate": ("EIO", "EINTR", "die"),
    "stat": ("EIO", "ENOMEM"),
    "close": ("EIO", "EINTR", "die"),
    "seal": ("EIO", "ENOSPC", "EINTR", "die"),
    "dup": ("EMFILE",),
    "opendir": ("EIO", "EMFILE", "ENOMEM"),
    "readdir": IO,
    "rename": ("EIO", "ENOSPC", "ENOSYS", "EINVAL", "die"),
    "link": ("EIO", "ENOSPC", "EPERM", "die"),
    "unlink": ("EIO", "die"),
    "mkdir": ("EIO", "ENOSPC", "die"),
    "flock": ("EIO", "EINTR", "ENOLCK"),
    "chmod": ("EIO", "EPERM"),
    "realpath": ("EIO", "ENOMEM"),
    "mmap": ("ENOMEM", "EAGAIN"),
    "madvise": ("EAGAIN", "EINVAL"),
    "thread": ("EAGAIN",),
    "wait": ("EINTR", "EAGAIN"),
    "futex": ("ENOSYS", "EPERM"),
    "eventfd": ("EMFILE", "ENOMEM"),
    "tell": ("EINTR",),
    "handler": ("EINVAL",),
    "key": ("EAGAIN",),
    "system": ("EPERM",),
    "stream": ("EIO", "ENOSPC", "ENOMEM"),
}
# What must change nothing.
RIGHT_KINDS = {"EINTR", "short"}
RIGHT_CALLS = {"madvise", "wait", "futex", "tell", "system"}
RIGHT_PAIRS = {("chmod", "EPERM")}
# Calls that are about a file, which a sentence about them names.
OF_FILES = {"open", "read", "write", "fsync", "truncate", "stat", "close", "seal", "opendir", "readdir", "rename", "link",
            "unlink", "mkdir", "flock", "chmod", "realpath"}

# Who may go on after an error, and why; all others must end with one. Who: the functions that made the call, the innermost
# first; none: whoever did.
GOES_ON = (
    ("close", None, (), "nothing was written to it, and it is closed whatever close says"),
    ("seal", None, ("out_close", "close_file"), "what is given up or temporary: out_seal closes what stays"),
    ("seal", None, ("run_record_close",), "each line of it is on the disk already"),
    ("seal", None, ("end < output_drop",), "it is on the disk already, or will soon be replaced"),
    ("stream", None, ("output_drop", "read_old"), "it has been flushed, or was only read"),
    ("write", None, ("put < say < cli_note", "put < cli_note"), "a note on stderr, which changes nothing of what is written"),
    ("rename", ("ENOSYS", "EINVAL"), (), "a file system that does not rename only to a new name: link and unlink do"),
    ("link", ("EPERM",), (), "a file system without links: it is renamed after a look"),
    ("flock", ("ENOLCK",), (), "a file system without locks: the lock is one by being there"),
    ("flock", None, ("staging_close",), "closing the lock gives it up, too"),
    ("stat", None, ("still_there",), "the lock is made once more"),
    ("stat", None, ("check_old",), "whether what is not there is a link to nothing: making the file tells"),
    ("stat", None, ("is_there",), "FILE:WEIGHT: no such file, then FILE must be there"),
    ("handler", None, ("stop_watch",), "the signal ends the run at once, instead of where it can go on"),
    ("memory", None, ("make_code", "take < make_code", "make_stack", "take < make_stack"), "PCRE2 matches without code of its own"),
    ("mmap", None, ("make_code", "make_stack"), "PCRE2 matches without code of its own"),
    ("memory", None, ("thread_processors",), "workers for all that are online, not for those that it may use"),
    ("memory", None, ("line_alloc < make < pipeline_start", "make_parts < make < pipeline_start",
                      "line_alloc < make_queue < make_parts < make < pipeline_start"), "fewer workers"),
    ("memory", None, ("thread_start < start_worker", "thread_start < start_reader"), "fewer workers"),
    ("thread", None, ("thread_start < start_worker", "thread_start < start_reader"), "fewer workers"),
    ("memory", None, ("own_sentence",), "the last error goes where threads share one"),
    ("key", None, ("thread_key_make < own_sentence",), "the last error goes where threads share one"),
    ("memory", None, ("line_alloc < slab_reserve < slab_allocate < ring_load_group",),
     "a queue that cannot grow is full, or takes one at a time"),
    ("memory", None, ("take < stream_take_standard",), "stdio keeps its own stream"),
    ("stream", None, ("take < stream_take_standard",), "stdio keeps its own stream"),
    ("memory", None, ("_IO_file_doallocate",), "stdio does without a buffer"),
    ("memory", None, ("setlocale", "__mbrtowc"), "what is printed is printed as in the locale C"),
    ("memory", None, ("cli_asks_for_help",), "help is found where options are read"),
    ("memory", None, ("asprintf", "__asprintf", "__asprintf_chk"), "asprintf does without a block that just fits"),
    ("memory", None, ("qsort", "qsort_r"), "qsort does without memory of its own"),
)
OF_OTHERS = ("libsentencepiece", "libprotobuf")


def number(kind):
    return {"short": SHORT, "die": DIE}.get(kind) or getattr(errno, kind)


def must_change_nothing(call, kind):
    return kind in RIGHT_KINDS or call in RIGHT_CALLS or (call, kind) in RIGHT_PAIRS


def may_go_on(call, kind, where):
    """Whether a run may end with 0 after this error of a call from there. Without the functions' lines the stack lacks
    those that a compiler has put into others: then any may have been there."""
    if must_change_nothing(call, kind):
        return True
    stack = Stack(where)
    return any(of == call and (not kinds or kind in kinds) and (not who or not stack.is_known() or stack.begins(who))
               for of, kinds, who, _ in GOES_ON)


def is_of_others(where):
    """libsentencepiece, with protobuf inside, does not survive all failures of its own allocations (SECURITY.md)."""
    return any(library_of(place).startswith(OF_OTHERS) for place in where)


def may_be_left(call, where, site):
    """Whether a block that was asked for there may be left after that: where its memory ends, setlocale loses one."""
    library = library_of(site)
    if site.endswith(" _IO_file_doallocate"):  # a stream's own, as long as that is open
        return True
    if library.startswith("libstdc++"):
        return is_of_others(where)
    return library.startswith(OF_OTHERS) or (library.startswith("libc.") and call == "memory" and Stack(where).begins(("setlocale",)))


def words_of(call, kind):
    """What a sentence about it may say."""
    if kind == "ENOMEM" or call in ("memory", "thread", "key"):
        return ("memory", "emory", "thread")
    more = {"mmap": ("no memory",), "flock": ("has no locks",)}.get(call, ())
    return (os.strerror(number(kind)), *more)
