"""C and C++ of a document: made into programs, compiled as a reader would, with the warnings of the README."""
import os
import re
import subprocess

WARNINGS = ["-Wall", "-Wextra", "-Werror"]
CXX_HEADERS = "algorithm atomic chrono cstdio iostream memory optional string thread utility vector".split()
MAIN = re.compile(r"^\s*int\s+main\s*\(", re.M)
# What stands outside of functions: #include, and a definition that begins at the first column.
FILE_SCOPE = re.compile(r"^#\s*include|^(?!if|for|while|switch|else|do\b)[A-Za-z_][^;=\n]*\([^;\n]*\)[^;\n]*\{|^namespace|^template",
                        re.M)
HERE = os.path.dirname(os.path.abspath(__file__))


def is_program(block):
    return MAIN.search(block.whole) is not None


def names():
    with open(os.path.join(HERE, "names.h"), encoding="utf-8") as file:
        return set(re.findall(r"^#define IN_(\w+)", file.read(), re.M))


def text_of(block):
    """The program that a block is or is a part of, and whether there is something to run."""
    here = '#line %d "%s"\n' % (block.line, block.path)
    code = block.before + here + block.code + block.after
    if is_program(block):
        return code, True
    headers = '#include "%s/names.h"\n' % HERE
    if block.language == "cpp":
        headers += "".join("#include <%s>\n" % header for header in CXX_HEADERS)
        headers += "#if __has_include(<headrace/headrace.hpp>)\n#include <headrace/headrace.hpp>\n#endif\n"
    wanted = [name.strip() for name in block.marks.get("in", "").split(",") if name.strip()]
    unknown = [name for name in wanted if name not in names()]
    if unknown:
        raise block.fault('unknown "in: %s", expected some of %s' % (unknown[0], ", ".join(sorted(names()))))
    if FILE_SCOPE.search(block.whole):
        if wanted:
            raise block.fault('"in: %s" of a block that defines functions' % block.marks["in"])
        return headers + code + "\nint main(void) { return 0; }\n", False
    return headers + "int main(void) {\n%s\n%s\nreturn 0;\n}\n" % (" ".join("IN_" + name for name in wanted), code), True


def compile_block(block, compilers, prefix_flags, folder):
    """Compiles it into the folder. Returns the program's path, or None where there is nothing to run; raises Fault."""
    text, runs = text_of(block)
    name = os.path.join(folder, "%s.%d" % (os.path.basename(block.path), block.line))
    source = name + (".c" if block.language == "c" else ".cpp")
    with open(source, "w", encoding="utf-8") as file:
        file.write(text)
    standard = block.marks.get("std", "c11" if block.language == "c" else "c++17")
    command = [compilers[block.language], "-std=" + standard] + WARNINGS
    if not is_program(block):
        command.append("-Wno-unused")
    if "file" in block.marks:  # commands of the document build it
        command += ["-fsyntax-only", source] + [flag for flag in prefix_flags if not flag.startswith(("-l", "-L", "-W"))]
    else:
        command += [source, "-o", name, "-pthread"] + prefix_flags + ["-lm"]
    done = subprocess.run(command, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    if done.returncode != 0:
        raise block.fault("does not compile:\n" + done.stdout)
    return name if runs and "file" not in block.marks else None
