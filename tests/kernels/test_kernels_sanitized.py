"""The kernels under the sanitizers, on random work without Python: kernels_fuzz.cpp."""

import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow  # the compiler alone takes a minute or two

FUZZ = Path(__file__).with_name("kernels_fuzz.cpp")
KERNELS = Path(__file__).parents[2] / "skrnn" / "_kernels"
MACHINE = platform.machine().lower()
PROCESSOR = {"amd64": "x86_64", "arm64": "aarch64"}.get(MACHINE, MACHINE)  # as Meson calls it


def flags():
    """What flags.txt tells meson.build: a list of flags for each use, and for each level."""
    lines = (KERNELS / "flags.txt").read_text().splitlines()
    uses = [line.split(":") for line in lines if ":" in line and not line.startswith("#")]
    # optimised code is for the kernels themselves: sanitizers need half an hour for it
    return {use: [flag for flag in text.split() if flag != "-O3"] for use, text in uses}


def flags_of_levels(uses, compile_, tmp_path):
    """Name of a level, flags with which isa.cpp is compiled for it."""
    probe = [*compile_, "-c", tmp_path / "probe.cpp", "-o", tmp_path / "probe_of_flags"]
    known = [flag for flag in uses["isa.cpp if known"] if call([*probe, flag]).returncode == 0]
    for level, own in uses.items():
        if level.startswith(f"{PROCESSOR} "):
            _, name, size, sums = level.split()
            tile = [f"-DSKRNN_ISA={name}", f"-DSKRNN_VECTOR_BYTES={size}", f"-DSKRNN_SUMS={sums}"]
            yield name, [*uses["isa.cpp"], *known, *own, *tile]


def call(command, **kwargs):
    return subprocess.run(command, capture_output=True, text=True, timeout=900, check=False, **kwargs)


def compiler():
    for command in filter(None, [os.environ.get("CXX"), "c++", "g++", "clang++"]):
        if shutil.which(shlex.split(command)[0]):
            return shlex.split(command)
    return pytest.skip("There is no C++ compiler.")


def way_to_run(compile_, tmp_path):
    """Command and environment with which a program made by ``compile_`` runs here."""
    source, program = tmp_path / "probe.cpp", tmp_path / "probe"
    source.write_text("#include <thread>\nint main() { std::thread([] {}).join(); }\n")
    made = call([*compile_, source, "-o", program])
    if made.returncode:
        pytest.skip(f"The compiler has no such sanitizer: {made.stderr[-300:]}")
    options = {"UBSAN_OPTIONS": "print_stacktrace=1"}
    ways = [
        ([], options),
        ([], options | {"ASAN_OPTIONS": "detect_leaks=0"}),  # leaks are not found under ptrace
    ]
    if shutil.which("setarch"):  # ThreadSanitizer knows only some layouts of memory
        ways.append((["setarch", platform.machine(), "-R"], options))
    for prefix, more in ways:
        ran = call([*prefix, program], env=os.environ | more)
        if ran.returncode == 0:
            return prefix, os.environ | more
    return pytest.skip(f"A program with this sanitizer does not run here: {ran.stderr[-300:]}")


@pytest.mark.skipif(
    not (KERNELS / "driver.cpp").exists(), reason="The sources of the kernels are not here."
)
@pytest.mark.parametrize(
    ("sanitizers", "work"),
    [
        # rounds, seed, callers at the same time, least threads of a call
        pytest.param("address,undefined", [[400, 1, 1, 1], [100, 2, 3, 1]], id="address"),
        pytest.param("thread", [[150, 3, 3, 2]], id="thread"),
    ],
)
def test_nothing_is_read_or_written_beyond_its_memory_or_while_another_thread_does(
    sanitizers, work, tmp_path
):
    sanitize = [f"-fsanitize={sanitizers}", "-fno-sanitize-recover=all", "-g1", "-O1", "-pthread"]
    uses = flags()
    compile_ = [*compiler(), *uses["every file"], *sanitize, f"-I{KERNELS}"]
    prefix, environment = way_to_run(compile_, tmp_path)

    commands = [
        [*compile_, *more, "-c", KERNELS / "isa.cpp", "-o", tmp_path / f"{name}.o"]
        for name, more in flags_of_levels(uses, compile_, tmp_path)
    ]
    own = [path.stem for path in KERNELS.glob("*.cpp") if path.stem != "isa"]
    for source in (FUZZ, *(KERNELS / f"{name}.cpp" for name in own)):
        commands.append([*compile_, "-c", source, "-o", tmp_path / f"{source.stem}.o"])
    with ThreadPoolExecutor(2) as pool:
        for made in pool.map(call, commands):
            assert made.returncode == 0, made.stderr
    program = tmp_path / "kernels_fuzz"
    made = call([*compile_, *tmp_path.glob("*.o"), "-o", program])
    assert made.returncode == 0, made.stderr

    for arguments in work:
        ran = call([*prefix, program, *map(str, arguments)], env=environment)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        helpers = int(re.search(r"(\d+) helpers", ran.stdout)[1])
        assert helpers > 0 or sys.platform != "linux", f"No work was worth a thread: {ran.stdout}"
