"""What every room stands on: whole files, one-line text, silenced warnings, the wire format.

Every room may import any module from here; this floor imports none of the rooms.
"""
