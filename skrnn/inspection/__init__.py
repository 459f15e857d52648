"""Looking inside fitted networks, in the manner of `sklearn.inspection`.

Functions return numbers; displays draw them (``SaliencyDisplay.from_estimator(model, X)``) and need
matplotlib, which comes with ``pip install "skrnn[plot]"`` and is imported only where something is drawn.
"""

from skrnn.inspection._backtest_display import BacktestDisplay
from skrnn.inspection._forecast_display import ForecastDisplay
from skrnn.inspection._gates import GateDisplay
from skrnn.inspection._gradient_flow import gradient_flow
from skrnn.inspection._gradient_flow_display import GradientFlowDisplay
from skrnn.inspection._integrated import integrated_gradients
from skrnn.inspection._occlusion import occlusion
from skrnn.inspection._permutation import permutation_importance
from skrnn.inspection._saliency import saliency
from skrnn.inspection._saliency_display import SaliencyDisplay
from skrnn.inspection._training_curve import TrainingCurveDisplay
from skrnn.inspection._trajectory import state_trajectory
from skrnn.inspection._truncation import TruncationDisplay

__all__ = [
    "BacktestDisplay",
    "ForecastDisplay",
    "GateDisplay",
    "GradientFlowDisplay",
    "SaliencyDisplay",
    "TrainingCurveDisplay",
    "TruncationDisplay",
    "gradient_flow",
    "integrated_gradients",
    "occlusion",
    "permutation_importance",
    "saliency",
    "state_trajectory",
]
