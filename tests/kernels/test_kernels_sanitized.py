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
IS_X86 = platform.machine().lower() in ("x86_64", "amd64")

# as in skrnn/_kernels/meson.build
SHARED_FLAGS = ["-std=c++17", "-fvisibility=hidden", *["-DSKRNN_HAS_X86_BUILDS"] * IS_X86]
KERNEL_FLAGS = [
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-fno-exceptions",
    "-fno-rtti",
]
AVX512 = ["-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl", "-mfma"]
BUILDS = [("baseline", 16, 8 if IS_X86 else 24, [])]  # name, bytes of a register, sums, flags
if IS_X86:
    BUILDS += [("avx2", 32, 12, ["-mavx2", "-mfma"]), ("avx512", 64, 24, AVX512)]


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
    compile_ = [*compiler(), *SHARED_FLAGS, *sanitize, f"-I{KERNELS}"]
    prefix, environment = way_to_run(compile_, tmp_path)

    commands = [
        [
            *compile_,
            *KERNEL_FLAGS,
            *flags,
            *[f"-DSKRNN_ISA={name}", f"-DSKRNN_VECTOR_BYTES={size}", f"-DSKRNN_SUMS={sums}"],
            *["-c", KERNELS / "isa.cpp", "-o", tmp_path / f"{name}.o"],
        ]
        for name, size, sums, flags in BUILDS
    ]
    for source in (FUZZ, KERNELS / "driver.cpp", KERNELS / "threads.cpp"):
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
