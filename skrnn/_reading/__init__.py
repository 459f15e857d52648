"""From what users pass to what the engine takes: every container, targets, weights; and advice.

``containers`` (with ``rows`` and ``tokens``) reads X, ``targets`` reads y and sample weights,
``vocabulary`` sequences of hashable tokens, ``advice`` warns of what is probably not meant, and
``reader`` joins them. All errors are raised here, before any weight changes.
"""
