"""Pages on the way in. For now those that a mailed link opens, and sign-up by invitation."""
