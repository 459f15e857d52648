"""The fuzzer: random estimators on random data, and what must hold for each of them."""
