"""How large a study may be, so that what is too large is told where it stands instead of running on."""

FILE = 500_000
"""Bytes of a study file."""
DEPTH = 50
"""Mappings and lists inside one another."""
VALUES = 100_000
"""Mappings, lists and scalars, once aliases, merge keys and ``extends`` have been followed and shared keys copied."""
MISTAKES = 1000
"""Mistakes that are told at once."""
DIGITS = 250
"""Characters of a number."""
EXTENDED = 20
"""Files that extend one another."""
NAME = 100
"""Characters of the name of an experiment or a figure, and of each part of a study's."""
FILE_NAME = 200
"""Characters of a figure's name that is put together; file systems take 255, and endings come behind it."""
POINTS = 10_000
"""Points that the swept values of an experiment, or of a policy, may have."""
EXPANDED = 2_000_000
"""Values at all points of the swept values of an experiment."""
CURVES = 20_000
"""Policies of a study, at all points of swept values."""
JOBS = 200_000
"""Jobs of a study."""
NUMBERS = 100_000_000
"""Replicates in a job times recorded times: the length of each of its series."""
