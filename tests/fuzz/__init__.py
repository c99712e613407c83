"""The fuzzer of the mapping language: `python -m tests.fuzz`, or `make fuzz`.

A case is drawn from (seed, target, number) alone, so that these three name it; a finding is made smaller and written
to a file that `--replay` runs again. `cases/` holds those of findings that were mended: the test suite runs them.
"""
