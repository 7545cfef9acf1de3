#!/usr/bin/env python3
"""Run a command on a terminal of its own, as a person would.

terminal.py [STEP...] -- COMMAND [ARG...]

Steps are done in order; those that wait give up after 20 seconds, exit 99:
    send:TEXT      type it
    expect:TEXT    wait until it is shown, after what was expected before
    size:ROWSxCOLS change the size (24x80 at first)
    raw, cooked    wait until the terminal is in this mode
    echo, noecho   wait until it echoes, or does not
    hangup         close the terminal
    sleep:SECONDS
All that is shown is copied to standard output. At the end the command's end is
waited for; it is how we end, too, with 128 + N for a signal.
"""
import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time


class Terminal:
    def __init__(self, argv):
        self.shown = b""
        ready, told = os.pipe()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            # It begins when it has a size.
            os.close(told)
            os.read(ready, 1)
            for sig in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGPIPE):
                signal.signal(sig, signal.SIG_DFL)
            try:
                os.execvp(argv[0], argv)
            finally:
                os._exit(127)
        self.resize(24, 80)
        os.close(ready)
        os.close(told)

    def resize(self, rows, cols):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))

    def read(self, seconds):
        """Take what is shown; False at the end."""
        if self.fd < 0 or not select.select([self.fd], [], [], seconds)[0]:
            return self.fd >= 0
        try:
            piece = os.read(self.fd, 65536)
        except OSError:
            piece = b""
        self.shown += piece
        os.write(1, piece)
        return bool(piece)

    def wait(self, what, done):
        end = time.monotonic() + 20
        while not done():
            if time.monotonic() > end or not self.read(0.02):
                if done():
                    return
                sys.stderr.write(f"terminal.py: waited in vain: {what}\n")
                self.close()
                sys.exit(99)

    def expect(self, text):
        self.wait(repr(text), lambda: text in self.shown)
        self.shown = self.shown.split(text, 1)[1]

    def has(self, mode):
        try:
            modes = termios.tcgetattr(self.fd)
        except termios.error:
            return False
        canonical = bool(modes[3] & termios.ICANON and modes[1] & termios.OPOST)
        echo = bool(modes[3] & termios.ECHO)
        return {"raw": not canonical, "cooked": canonical, "echo": echo, "noecho": not echo}[mode]

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
        self.fd = -1

    def do(self, step):
        name, _, arg = step.partition(b":")
        name = name.decode()
        if name == "send":
            os.write(self.fd, arg)
        elif name == "expect":
            self.expect(arg)
        elif name == "size":
            self.resize(*map(int, arg.split(b"x")))
        elif name == "hangup":
            self.close()
        elif name == "sleep":
            end = time.monotonic() + float(arg)
            while time.monotonic() < end:
                self.read(0.02)
        else:
            self.wait(name, lambda: self.has(name))

    def end(self):
        deadline = time.monotonic() + 20
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > deadline:
                sys.stderr.write("terminal.py: it does not end\n")
                os.kill(self.pid, signal.SIGKILL)
                sys.exit(99)
            if self.fd < 0 or not self.read(0.02):
                time.sleep(0.02)
        while self.fd >= 0 and select.select([self.fd], [], [], 0.1)[0] and self.read(0):
            pass
        if os.WIFSIGNALED(status):
            return 128 + os.WTERMSIG(status)
        return os.WEXITSTATUS(status)


def main():
    args = [os.fsencode(a) for a in sys.argv[1:]]
    at = args.index(b"--")
    terminal = Terminal(args[at + 1 :])
    for step in args[:at]:
        terminal.do(step)
    sys.exit(terminal.end())


main()
