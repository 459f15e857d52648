"""Transformers: ``TimeDistributed``, ``SlidingWindow``, ``TokenEncoder``, ``FillForward``.

=================  ==========================================  =====================================
class              from                                        to
=================  ==========================================  =====================================
TimeDistributed    3-D array (n, T, F) or list of (T_i, F)     the same container, of other features
SlidingWindow      table of time steps (n_rows, F)             3-D array (n_rows, length, F)
TokenEncoder       strings or lists of tokens                  object array of (T_i,) integers
FillForward        sequences, or a table of time steps         the same container, of more features
=================  ==========================================  =====================================

None changes the number or the order of the samples, so that every splitter and every search works
with them. What they give is mostly no table: so none has ``get_feature_names_out``, and ``set_output``,
which a pipeline calls on each of its steps, changes nothing. A new transformer is one more class below
``SequenceTransformer`` (``_transformers/base.py``).
"""

from skrnn._transformers.fill_forward import FillForward
from skrnn._transformers.sliding_window import SlidingWindow
from skrnn._transformers.time_distributed import TimeDistributed
from skrnn._transformers.token_encoder import TokenEncoder

__all__ = ["FillForward", "SlidingWindow", "TimeDistributed", "TokenEncoder"]
