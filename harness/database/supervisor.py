"""Runs a Postgres server for as long as its parent lives. When the pipe on standard input closes, it stops and removes the server.

Run as a script by `harness.database.embedded`; standard library only. The pipe closes even when the parent was killed.
"""

import os
import shutil
import signal
import subprocess
import sys


def main() -> int:
    """Arguments: the directory to remove, user id, group id (-1: the same user), then the server's command."""
    directory, uid, gid, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    identity = {} if uid < 0 else {"user": uid, "group": gid, "extra_groups": []}
    with open(os.path.join(directory, "server.log"), "ab") as log:
        server = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=directory,
            start_new_session=True,
            **identity,  # type: ignore[call-overload]
        )
    sys.stdout.write(f"{server.pid}\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    server.send_signal(signal.SIGQUIT)  # Immediate shutdown: nothing is to be kept.
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
    shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
