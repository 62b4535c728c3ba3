"""The made-up class: who is in it, what each hands in, and the show that grades them.

Imports every other room; only the command line imports ``show``.
"""
