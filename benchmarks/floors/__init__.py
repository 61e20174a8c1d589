"""The least that could be done: the library call alone, with nothing of Portero around it."""
