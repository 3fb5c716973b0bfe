"""Training with several processes, on one machine or many.

`launch` starts the processes of this machine and watches over them; each of them finds its place
with `membership`, agrees with the others through `together`, and trains its part in `job`. What can
go wrong has an exit code (`faults`).
"""
