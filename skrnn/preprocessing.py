"""Transformers for sequences, and functions that make sequences of tables and of padded arrays.

=================  ==========================================  =====================================
class              from                                        to
=================  ==========================================  =====================================
TimeDistributed    3-D array (n, T, F) or list of (T_i, F)     the same container, of other features
SlidingWindow      table of time steps (n_rows, F)             3-D array (n_rows, length, F)
TokenEncoder       strings or lists of tokens                  object array of (T_i,) integers
FillForward        sequences, or a table of time steps         the same container, of more features
SeriesScaler       sequences, or a table of time steps         the same container, scaled by series
Differencer        sequences, or a table of time steps         the same container, differences
SwapTimeAxis       3-D array (n, F, T) or list of (F, T_i)     the same container, time before features
=================  ==========================================  =====================================

None changes the number or the order of the samples (but a window with a stride), so that every splitter
and every search works with them. What they give is mostly no table: so none has
``get_feature_names_out``, and ``set_output``, which a pipeline calls on each of its steps, changes
nothing. A new transformer is one more class below ``SequenceTransformer`` (``_transformers/base.py``).

The functions change the number of samples, and stand before everything else: ``from_long`` (a table whose
rows are steps), ``from_padded``, and back ``to_long``, ``to_padded``.
"""

from skrnn._transformers.differencer import Differencer
from skrnn._transformers.fill_forward import FillForward
from skrnn._transformers.long_tables import from_long, to_long
from skrnn._transformers.padded import from_padded, to_padded
from skrnn._transformers.series_scaler import SeriesScaler
from skrnn._transformers.sliding_window import SlidingWindow
from skrnn._transformers.swap_time_axis import SwapTimeAxis
from skrnn._transformers.time_distributed import TimeDistributed
from skrnn._transformers.token_encoder import TokenEncoder

__all__ = [
    "Differencer",
    "FillForward",
    "SeriesScaler",
    "SlidingWindow",
    "SwapTimeAxis",
    "TimeDistributed",
    "TokenEncoder",
    "from_long",
    "from_padded",
    "to_long",
    "to_padded",
]
