"""The one error that a user can mend."""


class InputError(ValueError):
    """Something given to the package cannot be used; the message names it and says how to mend it.

    The command line prints it as one line and exits with status 2. Library callers catch it as a ``ValueError``.
    """

    def __init__(self, where: object, what: str, mend: str) -> None:
        """Args: where - file, scene or argument; what - what is wrong with it; mend - what the user can do."""
        self.where, self.what, self.mend = str(where), what, mend
        super().__init__(f"{self.where}: {what}; {mend}")
