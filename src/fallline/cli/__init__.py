"""The command line: ``fallline train``, ``predict``, ``evaluate``, ``inspect``, ``info``, ``demo``.

====================  ============================================================================
`main`                the table of commands and the entry; needs nothing to be imported
`group`, `option`     the parser: commands imported on use, options in sections
`run`, `interrupts`   what ends a command: errors in one message, Ctrl-C, exit codes
`values`, `options`   what an option may be; the options that several commands share
`config`              run.toml in and out
one file a command    `train`, `predict`, `evaluate`, `inspect`, `info`, `demo`
`reading`, `writing`  tables and models from the disk; predictions to it
`training`            the job behind `train` and `demo`, with its `progress`
`show`, `telling`     drawing; the only modules that import rich, and only when something is drawn
====================  ============================================================================

Exit codes: 0; 2 for wrong usage or wrong data; 1 for a defect of fallline; 130 after Ctrl-C and 143
after SIGTERM; 141 where the reader of a pipe went away.
"""
