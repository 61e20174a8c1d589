"""Subjects: by which name a client knows a person. Owns the table of pairwise ones."""

from portero.core.provider.subjects.flows import Subjects

__all__ = ["Subjects"]
