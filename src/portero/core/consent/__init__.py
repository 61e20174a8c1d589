"""Consent: that a person let an application have something, remembered.

Owns its table and the rule of what a remembered consent covers. Whether consent is owed at all is
decided in `core/provider/authorize`, which knows the client and the request.
"""

from portero.core.consent.model import Consent
from portero.core.consent.rules import covers

__all__ = ["Consent", "covers"]
