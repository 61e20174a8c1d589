"""The schema of the database and how it changes from release to release.

Owns the revisions under `versions/` and the one table that says which of them a database has.
Migrations expand first and contract a release later, so that two versions can run side by side;
they import nothing of Portero, so that their meaning does not change when the code does.
"""
