"""Pages in a real browser. A package, so that one browser and its servers last for all of it."""
