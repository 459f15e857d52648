"""Arrays in, arrays out: networks, their training and their answers. Knows no scikit-learn.

From data to weights, each module standing on those before it:

``storage``, ``dataset``, ``batch``, ``pairs``    sequences as they came, with targets, cut into batches
``packing``                                       the layout of a window: no padding, no mask
``weights``, ``arithmetic``                       theta and its views; products and sums, fast or exact
``recurrence``, ``pooling``, ``network``, ``pair_network``    forward and backward over one window
``tbptt``, ``learner``, ``training``, ``run``, ``observers``  windows, updates, epochs, when to stop
``inference``, ``search``, ``flow``, ``truncation``           a trained network at work, and looked into

A new part of the computation is a module here; what is said to users about it is not (``_estimators``).
"""
