"""Arrays in, arrays out: networks, their training and their answers. Knows no scikit-learn.

From data to weights, each module standing on those before it:

==============================================================  ==========================================
``storage``, ``dataset``, ``batch``, ``pairs``                  sequences as they came; batches of them
``packing``                                                     a window: no padding, no mask
``weights``, ``arithmetic``                                     theta and its views; products and sums
``recurrence``, ``pooling``, ``network``, ``pair_network``      forward and backward over one window
``forward``                                                     many sequences, many windows
``tbptt``, ``learner``, ``training``, ``run``, ``observers``    updates, epochs, when to stop
``weight_dropout``                                              weights that are set to zero in training
``inference``, ``search``, ``rollout``                           a trained network at work
``flow``, ``truncation``                                        ... and looked into
``lazy``                                                        properties computed when first asked for
==============================================================  ==========================================

A new part of the computation is a module here; what users are told about it is not (``_estimators``).
"""
