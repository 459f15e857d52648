"""The transformers of ``skrnn.preprocessing``, one module each.

A new one is a class below ``SequenceTransformer`` (``base``).
"""
