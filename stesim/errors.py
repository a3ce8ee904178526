"""The tree of errors that stesim raises: the user's mistakes and our faults.

A model's mistake is not here: it is data (`records.ParseFailure`). The command line turns every `StesimError`
into one line; a `UserError` exits with 2, anything else with 1.
"""

from __future__ import annotations


class StesimError(Exception):
    """Anything stesim raises on purpose. Its text is one clear line (or a few) for a person."""


class UserError(StesimError):
    """The user asked for something that cannot be done; the text says what, and what to do instead."""


class ModelError(UserError):
    """A model could not be found, loaded or used."""


class PromptError(UserError):
    """A prompt template is missing, or has a missing or an unknown variable."""


class ToolError(UserError):
    """A tool or a toolset is unknown or broken."""


class StoreError(UserError):
    """A run folder cannot be read, written or resumed."""


class ReplayMismatch(UserError):
    """A recorded run was asked for something that it did not record."""


class ScriptExhausted(UserError):
    """A scripted model was asked for more completions than it has."""


class NetworkBlocked(UserError):
    """Something tried to open a socket during a run; a run is offline."""
