"""The lessons' figures, one module a lesson: every function returns the data that it drew."""
