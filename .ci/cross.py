"""The kernels compiled for another system: what meson.build does, with any compiler.

    python .ci/cross.py PROCESSOR FOLDER [--include DIRECTORY]... [--link ARGUMENT]... -- COMPILER...

writes into FOLDER the object files of the kernels and ``kernels_fuzz``, the random work of
``tests/kernels``, which needs no Python and runs wherever the processor is, or is emulated. With the
folders of Python's and NumPy's headers for that system also the extension, linked with what ``--link``
says.
``docs/guide/platforms.rst`` tells for which systems this was done.

PROCESSOR is the first word of the levels in ``flags.txt``.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
KERNELS = ROOT / "skrnn" / "_kernels"
FUZZ = ROOT / "tests" / "kernels" / "kernels_fuzz.cpp"
EXTENSION_FLAGS = [
    "-DPy_LIMITED_API=0x030b0000",
    "-DNPY_NO_DEPRECATED_API=NPY_1_22_API_VERSION",
    "-DNPY_TARGET_VERSION=NPY_1_22_API_VERSION",
]


def call(command):
    subprocess.run([str(word) for word in command], check=True)


def knows(compiler, flag, folder):
    """Whether the compiler takes the flag without a word."""
    source = folder / "empty.cpp"
    source.write_text("")
    command = [*compiler, "-Werror", flag, "-c", source, "-o", folder / "empty"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def flags(compiler, folder):
    """What flags.txt tells meson.build: flags of every file, of isa.cpp, and of each of its levels."""
    lines = (KERNELS / "flags.txt").read_text().splitlines()
    pairs = (line.split(":") for line in lines if ":" in line and not line.startswith("#"))
    uses = {use: text.split() for use, text in pairs}
    may_know, on_windows = uses.pop("isa.cpp if known"), uses.pop("isa.cpp if known, windows")
    if any("mingw" in word or "windows" in word for word in compiler):
        may_know += on_windows
    known = [flag for flag in may_know if knows(compiler, flag, folder)]
    return uses.pop("every file"), uses.pop("isa.cpp") + known, uses


def objects(compiler, processor, folder):
    """Commands that make the object files, by file."""
    every, isa, levels = flags(compiler, folder)
    compile_ = [*compiler, *every, f"-I{KERNELS}", "-c"]
    commands = {}
    for level, own in levels.items():
        of, name, size, sums = level.split()
        if of == processor:
            tile = [f"-DSKRNN_ISA={name}", f"-DSKRNN_VECTOR_BYTES={size}", f"-DSKRNN_SUMS={sums}"]
            commands[folder / f"isa_{name}.o"] = [*compile_, *isa, *own, *tile, KERNELS / "isa.cpp"]
    if not commands:
        sys.exit(f"flags.txt has no level for {processor}.")
    for source in sorted(KERNELS.glob("*.cpp")):
        if source.stem != "isa":
            commands[folder / f"{source.stem}.o"] = [*compile_, "-O2", source]
    return commands


def extension(compiler, folder, includes):
    """The command that makes the object file of the extension."""
    source = folder / "_binding.cpp"
    call([sys.executable, "-m", "cython", "-3", "--cplus", KERNELS / "_binding.pyx", "-o", source])
    include = [f"-I{folder}" for folder in [KERNELS, *includes]]
    every = ["-std=c++17", "-fvisibility=hidden", "-O2", "-w", *EXTENSION_FLAGS]
    return [*compiler, *every, *include, "-c", source]


def build(arguments):
    folder, compiler = arguments.folder, arguments.compiler
    folder.mkdir(parents=True, exist_ok=True)
    commands = objects(compiler, arguments.processor, folder)
    kernels = list(commands)
    fuzz, binding = folder / "kernels_fuzz.o", folder / "_binding.o"
    commands[fuzz] = [*compiler, "-std=c++17", "-O1", f"-I{KERNELS}", "-c", FUZZ]
    if arguments.include:
        commands[binding] = extension(compiler, folder, arguments.include)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(call, ([*command, "-o", to] for to, command in commands.items())))
    link = arguments.link
    call([*compiler, *kernels, fuzz, *([] if arguments.include else link), "-o", folder / "kernels_fuzz"])
    if arguments.include:
        call([*compiler, "-shared", *kernels, binding, *link, "-o", folder / "_binding.abi3.so"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("processor")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--link", action="append", default=[])
    parser.add_argument("compiler", nargs="+")
    build(parser.parse_args())


if __name__ == "__main__":
    main()
