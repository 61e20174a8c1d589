"""Recovery codes: ten codes on paper, each good once, for when another factor is lost.

Owns the table `recovery_codes`. Proves for `core/login` as a last resort, never alone: they are
made beside another factor, and go with the last one.

What they prove: NIST SP 800-63B-4 §3.1.2 counts look-up secrets as something one has, so that
password and code reach aal2. RFC 8176 has no name for them; `otp`, a password that works once, is
what they are, where `kba` (something one knows) would be wrong.
"""

from portero.core.factors.recovery.errors import NothingToRecover
from portero.core.factors.recovery.flows import RecoveryCodes

__all__ = ["NothingToRecover", "RecoveryCodes"]
