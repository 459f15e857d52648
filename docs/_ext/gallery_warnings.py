"""Examples of the gallery run as `python -W error` runs them: one that warns is an example to mend."""

import warnings


def as_errors(gallery_conf, name, when):
    if when == "before":
        warnings.simplefilter("error")
    else:
        warnings.resetwarnings()
