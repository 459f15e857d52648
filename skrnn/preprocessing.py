"""Transformers for sequences: ``TimeDistributed``, ``SlidingWindow``, ``TokenEncoder``.

=================  ==========================================  =====================================
class              from                                        to
=================  ==========================================  =====================================
TimeDistributed    3-D array (n, T, F) or list of (T_i, F)     the same container, of other features
SlidingWindow      table of time steps (n_rows, F)             3-D array (n_rows, length, F)
TokenEncoder       strings or lists of tokens                  object array of (T_i,) integers
=================  ==========================================  =====================================

None changes the number or the order of the samples, so that every splitter and every search works
with them. What they give is no table: so none has ``get_feature_names_out``, and ``set_output``, which
a pipeline calls on each of its steps, changes nothing. A new transformer is one more class below
``SequenceTransformer`` (``_transformers/base.py``).
"""

from skrnn._transformers.sliding_window import SlidingWindow
from skrnn._transformers.time_distributed import TimeDistributed
from skrnn._transformers.token_encoder import TokenEncoder

__all__ = ["SlidingWindow", "TimeDistributed", "TokenEncoder"]
