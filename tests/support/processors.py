"""Run pytest as other machines would: with fewer vector units, and with two threads.

``python -m tests.support.processors [--only NAME] [pytest arguments]``
"""

from __future__ import annotations

import os
import subprocess
import sys

AVX512 = "X86_V4 AVX512_ICL AVX512_SPR"
"""NumPy's names of what it dispatches; it passes over names that it does not know."""

MACHINES = {
    "avx2": {
        "ATEN_CPU_CAPABILITY": "avx2",
        "ONEDNN_MAX_CPU_ISA": "AVX2",
        "MKL_ENABLE_INSTRUCTIONS": "AVX2",
        "OPENBLAS_CORETYPE": "Haswell",
        "NPY_DISABLE_CPU_FEATURES": AVX512,
    },
    "default": {
        "ATEN_CPU_CAPABILITY": "default",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "MKL_CBWR": "COMPATIBLE",
        "OPENBLAS_CORETYPE": "Nehalem",
        "NPY_DISABLE_CPU_FEATURES": f"X86_V3 {AVX512}",
    },
    "two-threads": {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "MKL_NUM_THREADS": "2"},
}
"""What restricts the vector units of each library, by the machine that it imitates."""


def main(arguments: list[str]) -> int:
    """Run pytest once for each machine; return how many runs failed."""
    machines = dict(MACHINES)
    if arguments[:1] == ["--only"]:
        machines = {arguments[1]: MACHINES[arguments[1]]}
        arguments = arguments[2:]
    failed = 0
    for name, variables in machines.items():
        print(f"== {name}: {' '.join(f'{k}={v!r}' for k, v in variables.items())}", flush=True)
        command = [sys.executable, "-m", "pytest", *arguments]
        failed += bool(subprocess.run(command, env=os.environ | variables, check=False).returncode)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
