# SPDX-License-Identifier: MIT
"""What can go wrong with ./tessera run, and with which status it then ends."""

USAGE, TIMEOUT, FAILED, NOT_EXECUTABLE, NOT_FOUND, SIGNAL, LEFT = 2, 124, 125, 126, 127, 128, 130

TABLE = f"""exit status:
  {USAGE}      an option is wrong; nothing was run
  {TIMEOUT}    --timeout passed
  {FAILED}    Tessera itself failed: it could not be built, lacks memory, stopped, or could not write the output
  {NOT_EXECUTABLE}    PROGRAM is there, and cannot be run
  {NOT_FOUND}    PROGRAM is not there, or a library or interpreter that it needs to start
  {LEFT}    left by Ctrl-]
  {SIGNAL}+n  a signal, number n, ended PROGRAM
  other  PROGRAM's own
"""


class RunError(Exception):
    """Something the user can mend; the message says how."""

    def __init__(self, text, status=FAILED):
        super().__init__(text)
        self.status = status
