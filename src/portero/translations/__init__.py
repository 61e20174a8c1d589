"""What people read, in their language. English is the source: its sentences are the msgids.

Shared by pages, API and mail, at the bottom of the house: imports nothing of Portero, and Babel
only when a language other than English is first used. Placeholders are written `%(name)s`, and a
literal per cent sign `%%`. The `.po` files beside this module are read as they are, so there is
nothing to compile; `python -m tools.translations` brings them up to date with the sources.
"""

from portero.translations.languages import SOURCE, available, translator_for
from portero.translations.translator import Translator

__all__ = ["SOURCE", "Translator", "available", "translator_for"]
