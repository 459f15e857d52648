"""Every constructor parameter, once: default, constraint, text; and which of them go together.

``table`` declares the parameters and attributes, ``texts`` what several docstrings share, ``build`` makes
constructors and docstrings of them, ``checks`` refuses settings that contradict each other.

To add a parameter, add one entry to ``table``.
"""
