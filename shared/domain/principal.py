"""Who may own something."""

import re

_PRINCIPAL = re.compile(r"(?!.*\.\.)[a-z0-9][a-z0-9._@-]{0,99}")

REMEDY = "lower-case letters, digits and . _ @ -, a letter or digit first, 100 at most, no two dots"


def valid_principal(name: str) -> bool:
    """Whether this may be an owner's name: owners' folders in the storage are named so."""
    return _PRINCIPAL.fullmatch(name) is not None
