"""`python -m harness` is `clerk-harness`."""

import signal


def start() -> None:
    """Run the command as this process. Until it hears signals itself, Ctrl-C ends it without a traceback."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from harness.cli.main import process

    process()


if __name__ == "__main__":
    start()
