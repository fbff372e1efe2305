"""Keeps the processes that a run starts: when the harness ends, in whatever way, everything that it started ends too.

Run by `harness.core.processes`, once for each process of the harness; standard library only, and little of it. The supervisor
forks a keeper for each command. On Linux a keeper is the *subreaper* of what it starts (prctl(2), PR_SET_CHILD_SUBREAPER): a daemon
whose parents have ended becomes its child, so that whatever a command leaves behind is found below its keeper. A keeper ends
its whole tree when it is told to, when its socket closes, and when the harness is gone (pidfd_open(2)). Elsewhere there is
the socket and the process group only.
"""
