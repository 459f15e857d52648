"""Generated data on which recurrent networks have been measured, each with what is known about it.

===================  ===========================  ==================================================
function             X                            y
===================  ===========================  ==================================================
make_adding          3-D array or list            a number per sequence
make_temporal_order  3-D array or list, tokens    a class per sequence
make_copy_memory     3-D array, tokens            a class per time step
make_copy_stream     3-D array, tokens            a class per time step
make_parity          3-D array or list            a class per sequence or per time step
make_embedded_reber  list, tokens                 a class or a set of classes per time step
make_anbn            list, tokens                 a set of classes per time step
make_echo            table of time steps          one or several numbers per time step
make_mackey_glass    table of time steps          a number per time step
make_narma           table of time steps          a number per time step
make_garch           table of time steps          a number per time step, random
===================  ===========================  ==================================================

All are (X, y) as the estimators take them: arrays and lists of arrays as they are, token ids with
``embedding_size``, tables with ``rows="steps"``.
"""

from skrnn.datasets._copy_tasks import make_copy_memory, make_copy_stream
from skrnn.datasets._grammars import make_anbn, make_embedded_reber
from skrnn.datasets._memory_tasks import make_adding, make_echo, make_parity, make_temporal_order
from skrnn.datasets._series import make_garch, make_mackey_glass, make_narma

__all__ = [
    "make_adding",
    "make_anbn",
    "make_copy_memory",
    "make_copy_stream",
    "make_echo",
    "make_embedded_reber",
    "make_garch",
    "make_mackey_glass",
    "make_narma",
    "make_parity",
    "make_temporal_order",
]
