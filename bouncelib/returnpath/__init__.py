"""Return paths that carry something: VERP, BATV and SRS, as pure functions on addresses.

A bounce comes back to the address that the message was sent from. Three schemes write into that address:

- VERP, *whom* the message went to: `make_verp()`, `read_verp()`;
- BATV, *proof* that the message was ours: `sign_batv()`, `read_batv()`, `verify_batv()`;
- SRS, whom a forwarder got the message *from*: `read_srs()`, `verify_srs()`.

Addresses are data and never raise, whatever they hold: a maker answers None, a check answers with a `TagStatus`.
Keys, templates and numbers are the program's own, and a wrong one raises ValueError.
"""

from bouncelib.returnpath.batv import Batv, read_batv, sign_batv, verify_batv
from bouncelib.returnpath.parts import TagStatus
from bouncelib.returnpath.srs import Srs, read_srs, verify_srs
from bouncelib.returnpath.verp import VERP_TEMPLATES, Verp, VerpTemplate, make_verp, read_verp

__all__ = [
    "VERP_TEMPLATES",
    "Batv",
    "Srs",
    "TagStatus",
    "Verp",
    "VerpTemplate",
    "make_verp",
    "read_batv",
    "read_srs",
    "read_verp",
    "sign_batv",
    "verify_batv",
    "verify_srs",
]
