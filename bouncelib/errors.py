"""What bouncelib raises: programming and file errors only; mail itself never raises.

BouncelibError
├── RuleError      a rule file that cannot be used: names the file and the rule
├── FormatError    a format or plugin that cannot be used: names it
├── SourceError    a file, folder or stream of messages that cannot be read: names it
└── WorkerError    a worker process that died: names the message that it read
"""


class BouncelibError(Exception):
    """The base of every error that bouncelib raises."""


class RuleError(BouncelibError):
    """A rule or rule file is wrong; the text names the file and the rule."""


class FormatError(BouncelibError):
    """A format or plugin is wrong; the text names it."""


class SourceError(BouncelibError):
    """A source of messages cannot be read; the text names it."""


class WorkerError(BouncelibError):
    """A worker process died or could not start; the text names the message that it read, and the exit code."""
