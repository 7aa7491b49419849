"""Where telemetry and control state are kept: in memory, or in one SQLite file.

Both keep the ports `Telemetry` and `State` of `core.ports`; the conformance tests run one
suite over each of them. `writer.Writer` stands before either, so that nobody waits for a disk.
"""
