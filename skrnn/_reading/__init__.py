"""From what users pass to what the engine takes: every container, targets, weights; and advice.

``containers`` (with ``rows`` and ``tokens``) reads X, ``targets`` reads y and sample weights,
``vocabulary`` sequences of hashable tokens, and ``reader`` joins them. All errors are raised here, before
any weight changes. What can be read but was probably not meant is warned of by ``advice``,
``single_steps``, ``row_order`` and, after training, ``outcome``, from the figures of ``statistics``
and from what ``index_times`` tells of an index.
"""
