"""to_torch and from_torch: the same answers, and the same bits on the way back."""

import pickle
import sys
import warnings

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import (
    GRUClassifier,
    GRUEncoderDecoder,
    GRUEncoderDecoderRegressor,
    GRURegressor,
    LSTMClassifier,
    LSTMEncoderDecoder,
    LSTMEncoderDecoderRegressor,
    LSTMRegressor,
    RNNClassifier,
    RNNEncoderDecoder,
    RNNEncoderDecoderRegressor,
    RNNRegressor,
    TimeDistributed,
)
from skrnn.cells import LSTM
from skrnn.interop import from_torch, to_torch
from skrnn.losses import Loss, SquaredError

torch = pytest.importorskip("torch")

N, T, F = 12, 7, 3
TOLERANCE = {"float64": 1e-12, "float32": 1e-5}
SMALL = {"hidden_size": 4, "max_iter": 3, "tol": None, "learning_rate_init": 0.02, "random_state": 0}
REGRESSORS, CLASSIFIERS, NUMBER_PAIRS = (
    (RNNRegressor, LSTMRegressor, GRURegressor),
    (RNNClassifier, LSTMClassifier, GRUClassifier),
    (RNNEncoderDecoderRegressor, LSTMEncoderDecoderRegressor, GRUEncoderDecoderRegressor),
)
NETWORKS = [
    {},
    {"bidirectional": True},
    {"hidden_size": (4, 4)},
    {"hidden_size": (4, 6, 3), "bidirectional": True},
    {"pooling": "mean"},
    {"pooling": "max", "bidirectional": True},
    {"pooling": "last_max", "bidirectional": True},
    {"pooling": ("max", "last", "mean"), "hidden_size": (5, 4)},
]
PER_STEP = [{}, {"bidirectional": True, "hidden_size": (4, 3)}, {"target_delay": 2}]


def sequences(*, ragged, dtype="float64"):
    rng = np.random.RandomState(0)
    X = rng.normal(size=(N, T, F)).astype(dtype)
    lengths = rng.randint(2, T, size=N) if ragged else np.full(N, T)
    return [x[:n] for x, n in zip(X, lengths, strict=True)] if ragged else X


def tokens():
    rng = np.random.RandomState(0)
    return [rng.randint(0, 9, size=n) for n in rng.randint(2, T, size=N)]


def fitted(cls, X, y, **parameters):
    return cls(**{**SMALL, **parameters}).fit(X, y)


def padded(X, padding=np.nan):
    """X as a tensor, and the lengths, or None, if it is an array."""
    if isinstance(X, np.ndarray):
        return torch.from_numpy(X), None
    lengths = [len(x) for x in X]
    P = np.full((len(X), max(lengths) + 1, *X[0].shape[1:]), padding, dtype=X[0].dtype)
    for p, x in zip(P, X, strict=True):
        p[: len(x)] = x
    return torch.from_numpy(P), torch.tensor(lengths)


def answers(module, X, padding=np.nan):
    with torch.no_grad():
        return module(*padded(X, padding)).numpy()


def assert_same(module_says, estimator_says, dtype="float64"):
    """Of answers per step those of the steps that are there."""
    for ours, theirs in zip(estimator_says, module_says, strict=True):
        theirs = theirs[: len(ours)] if np.ndim(ours) else theirs
        assert theirs.dtype == dtype
        np.testing.assert_allclose(theirs, ours, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


def assert_same_bits(model, again):
    assert model._model.theta.tobytes() == again._model.theta.tobytes()
    for name, W in model.weights_.items():
        assert W.tobytes() == again.weights_[name].tobytes()


# --- there, and back --------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("parameters", NETWORKS, ids=str)
@pytest.mark.parametrize("cls", REGRESSORS)
def test_one_number_per_sequence(cls, parameters, ragged, dtype):
    X = sequences(ragged=ragged, dtype=dtype)
    y = 100 + 10 * np.array([x[-1, 0] for x in X])
    model = fitted(cls, X, y, dtype=dtype, **parameters)
    module = to_torch(model)
    said = answers(module, X)
    assert said.shape == (N,)
    assert_same(said / 100, model.predict(X) / 100, dtype)
    again = from_torch(module, model)
    assert_same_bits(model, again)
    assert again.predict(X).tobytes() == model.predict(X).tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize("parameters", PER_STEP, ids=str)
@pytest.mark.parametrize("cls", REGRESSORS)
def test_numbers_per_step(cls, parameters, ragged, dtype):
    X = sequences(ragged=ragged, dtype=dtype)
    y = [x[:, :2] for x in X] if ragged else X[..., :2]
    model = fitted(cls, X, y, return_sequences=True, dtype=dtype, **parameters)
    module = to_torch(model)
    assert_same(answers(module, X), model.predict(X), dtype)
    assert_same_bits(model, from_torch(module, model))


@pytest.mark.parametrize("n_classes", [1, 2, 4])
@pytest.mark.parametrize("cls", CLASSIFIERS)
@pytest.mark.filterwarnings("ignore:.*single class:UserWarning")
def test_classes(cls, n_classes):
    X = sequences(ragged=True)
    model = cls(**SMALL)
    model.partial_fit(X, np.arange(N) % n_classes, classes=np.arange(n_classes))
    assert_same(answers(to_torch(model, probabilities=True), X), model.predict_proba(X))
    raw = answers(to_torch(model), X)
    assert raw.shape == (N, {1: 1, 2: 1, 4: 4}[n_classes])
    assert_same(raw, model._run(X)[0])
    assert_same_bits(model, from_torch(to_torch(model), model))


def test_several_labels():
    X = sequences(ragged=True)
    y = np.array([[x[0, 0] > 0, x[-1, 1] > 0, x[1, 1] > 0] for x in X]).astype(int)
    model = fitted(GRUClassifier, X, y)
    assert_same(answers(to_torch(model, probabilities=True), X), model.predict_proba(X))


def test_classes_per_step():
    X = sequences(ragged=True)
    y = [np.digitize(x[:, 0], [-0.5, 0.5]) for x in X]
    model = fitted(LSTMClassifier, X, y, return_sequences=True)
    assert_same(answers(to_torch(model, probabilities=True), X), model.predict_proba(X))


@pytest.mark.parametrize("parameters", [{}, {"return_sequences": True, "target_delay": 1}], ids=str)
def test_tokens(parameters):
    X = tokens()
    y = [x % 3 for x in X] if parameters else [x[-1] % 3 for x in X]
    model = fitted(LSTMClassifier, X, y, embedding_size=5, **parameters)
    module = to_torch(model, probabilities=True)
    assert_same(answers(module, X, padding=-1), model.predict_proba(X))
    assert_same(answers(module, X, padding=10**6), model.predict_proba(X))
    assert_same_bits(model, from_torch(module, model))


@pytest.mark.parametrize(
    "parameters",
    [{"loss": "poisson"}, {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}, {"loss": "huber"}],
    ids=str,
)
def test_losses(parameters):
    X = sequences(ragged=False)
    model = fitted(GRURegressor, X, np.exp(X[:, -1, 0]), **parameters)
    module = to_torch(model)
    assert_same(answers(module, X), model.predict(X))
    assert_same_bits(model, from_torch(module, model))


def test_quantiles_of_several_outputs():
    X = sequences(ragged=False)
    options = {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
    model = fitted(GRURegressor, X, 5 + 3 * X[:, -1, :2], **options)
    assert_same(answers(to_torch(model), X), model.predict(X))
    model = fitted(GRURegressor, X, 5 + 3 * X[..., :2], return_sequences=True, **options)
    assert_same(answers(to_torch(model), X), model.predict(X))


def test_quantiles_far_apart():
    """Where PyTorch's own softplus is not exact any more."""
    X = sequences(ragged=False)
    model = fitted(GRURegressor, X, X[:, -1, 0], loss="quantile", quantile=[0.1, 0.9])
    state = to_torch(model).state_dict()
    state["readout.bias"][1] = 21.0
    far = from_torch(state, model)
    assert_same(answers(to_torch(far), X), far.predict(X))


def test_relu():
    X = sequences(ragged=False)
    model = fitted(RNNRegressor, X, X[:, -1, 0], activation="relu")
    assert_same(answers(to_torch(model), X), model.predict(X))


def test_rows_as_steps():
    X = sequences(ragged=False)[0]
    model = fitted(LSTMRegressor, X, X[:, 0], rows="steps")
    assert_same(answers(to_torch(model), X[None])[0], model.predict(X))


def test_the_best_of_a_search():
    X = sequences(ragged=False)
    search = GridSearchCV(GRURegressor(**SMALL), {"hidden_size": [2, 3]}, cv=2).fit(X, X[:, -1, 0])
    assert_same(answers(to_torch(search), X), search.predict(X))


# --- the module -------------------------------------------------------------------------------------


@pytest.fixture
def model():
    X = sequences(ragged=False)
    return fitted(LSTMRegressor, X, 5 + X[:, -1, 0])


def test_the_module_shares_no_memory(model):
    before = model._model.theta.copy()
    module = to_torch(model)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.zero_()
    assert np.array_equal(model._model.theta, before)


def test_the_module_can_be_saved(model, tmp_path):
    X, module = sequences(ragged=False), to_torch(model)
    assert np.array_equal(answers(pickle.loads(pickle.dumps(module)), X), answers(module, X))
    torch.save(module.state_dict(), tmp_path / "weights.pt")
    other = fitted(LSTMRegressor, X, -X[:, 0, 0])
    again = from_torch(torch.load(tmp_path / "weights.pt"), other)
    assert np.array_equal(again.predict(X), model.predict(X))


def test_the_module_can_be_trained_and_taken_back(model):
    X, _ = padded(sequences(ragged=False))
    module, y = to_torch(model).train(), 7 - X[:, 0, 0]
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(module(X), y).backward()
        optimizer.step()
    again = from_torch(module, model)
    assert_same(answers(module, X.numpy()), again.predict(X.numpy()))
    assert not np.allclose(again.predict(X.numpy()), model.predict(X.numpy()))


@pytest.mark.parametrize("lengths", [[3] * N, np.full(N, 3), torch.full((N,), 3)], ids=type)
def test_lengths_in_any_form(model, lengths):
    X = sequences(ragged=False)
    with torch.no_grad():
        said = to_torch(model)(torch.from_numpy(X), lengths).numpy()
    assert_same(said, model.predict(X[:, :3]))


@pytest.mark.parametrize("shape", [(T, F), (N, T, F, 1)])
def test_axes_of_x(model, shape):
    with pytest.raises(ValueError, match=r"shape \(n_sequences, n_timesteps, n_features\), got shape"):
        to_torch(model)(torch.zeros(shape))


def test_what_torch_export_writes(model, tmp_path):
    """It is loaded without our class; the number of sequences may be any."""
    X = torch.from_numpy(sequences(ragged=False))
    shapes = ({0: torch.export.Dim("n")},)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of its own parts
        program = torch.export.export(to_torch(model), (X,), dynamic_shapes=shapes)
        torch.export.save(program, tmp_path / "model.pt2")
        loaded = torch.export.load(tmp_path / "model.pt2").module()
    assert_same(loaded(X[:5]).detach().numpy(), model.predict(X[:5].numpy()))


# --- back -------------------------------------------------------------------------------------------


def test_what_comes_back_is_a_fitted_estimator(model):
    X = sequences(ragged=False)
    curve = list(model.loss_curve_)
    again = from_torch(to_torch(model), model)
    assert again.loss_curve_ == []
    assert again.n_iter_ == again.n_updates_ == 0
    assert model.loss_curve_ == curve
    again.partial_fit(X, 5 + X[:, -1, 0])
    assert again.n_updates_ > 0
    again.set_params(warm_start=True).fit(X, 5 + X[:, -1, 0])
    assert again.n_iter_ == SMALL["max_iter"]


def test_states_of_the_weights_before_are_gone():
    X = sequences(ragged=False)[0]
    model = fitted(LSTMRegressor, X, X[:, 0], rows="steps")
    again = from_torch(to_torch(model), model)
    assert hasattr(model, "final_state_")
    assert not hasattr(again, "final_state_")
    assert np.array_equal(again.predict(X), model.predict(X))
    again.partial_fit(X, X[:, 0])


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_plain_modules(kind, bidirectional):
    """Outputs of plain modules are in units of y."""
    torch.manual_seed(0)
    X = sequences(ragged=False)
    rnn = getattr(torch.nn, kind)(
        F, 4, num_layers=2, batch_first=True, bidirectional=bidirectional, dtype=torch.float64
    )
    head = torch.nn.Linear(4 * (1 + bidirectional), 1, dtype=torch.float64)
    with torch.no_grad():
        expected = head(rnn(torch.from_numpy(X))[0])[..., 0].numpy()
    cls = dict(zip(["RNN", "LSTM", "GRU"], REGRESSORS, strict=True))[kind]
    options = {"hidden_size": (4, 4), "bidirectional": bidirectional, "return_sequences": True}
    model = fitted(cls, X, 30 + 5 * X[..., 0], **options)
    both = torch.nn.ModuleDict({"body": rnn, "head": head})
    assert_same(expected, from_torch(both, model).predict(X))
    as_arrays = {key: value.numpy() for key, value in both.state_dict().items()}
    assert_same(expected, from_torch(as_arrays, model).predict(X))


def test_plain_modules_one_after_the_other():
    torch.manual_seed(0)
    X = tokens()
    parts = {
        "table": torch.nn.Embedding(9, 5), "first": torch.nn.GRU(5, 4, batch_first=True),
        "second": torch.nn.GRU(4, 6, batch_first=True), "out": torch.nn.Linear(6, 3),
    }  # fmt: skip
    model = fitted(
        GRUClassifier,
        X,
        np.arange(N) % 3,
        embedding_size=5,
        n_tokens=9,
        hidden_size=(4, 6),
        dtype="float32",
    )
    again = from_torch(torch.nn.ModuleDict(parts).state_dict(), model)
    with torch.no_grad():
        x = torch.from_numpy(X[0])[None]
        H, _ = parts["second"](parts["first"](parts["table"](x))[0])
        expected = parts["out"](H[:, -1]).softmax(-1).numpy()
    assert_same(expected, again.predict_proba(X[:1]), "float32")


# --- errors -----------------------------------------------------------------------------------------


class Own(LSTM):
    pass


class OwnLSTMRegressor(LSTMRegressor, cell=Own):
    pass


class SquareRoots(SquaredError):
    identity_link = False

    def inverse_link(self, raw):
        return raw**2


class Inherits(SquaredError):
    assert SquaredError.inverse_link is Loss.inverse_link


@pytest.mark.parametrize(
    ("cls", "parameters", "says"),
    [
        (RNNRegressor, {"activation": "logistic"}, "no layer for activation='logistic'"),
        (OwnLSTMRegressor, {}, "no layer for the cell Own"),
        (LSTMRegressor, {"loss": SquareRoots}, r"SquareRoots\.inverse_link"),
    ],
)
def test_what_pytorch_has_not(cls, parameters, says):
    X = sequences(ragged=False)
    model = fitted(cls, X, X[:, -1, 0], **parameters)
    with pytest.raises(ValueError, match=says):
        to_torch(model)


def test_a_loss_of_ones_own():
    X = sequences(ragged=False)
    model = fitted(LSTMRegressor, X, X[:, -1, 0], loss=Inherits)
    assert_same(answers(to_torch(model), X), model.predict(X))


@pytest.mark.parametrize(
    "options",
    [{}, {"hidden_size": (3, 4)}, {"loss": "poisson"}, {"loss": "quantile", "quantile": [0.1, 0.4, 0.9]}],
    ids=str,
)
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("cls", NUMBER_PAIRS)
def test_encoder_decoders_of_numbers(cls, several, options):
    """Of any horizon; with y as if the decoder had said that; and back, with other units, too."""
    X = sequences(ragged=True)
    y = [9 + np.abs(x if several else x[:, 0])[: 1 + k % 3] for k, x in enumerate(X)]
    model = cls(**{**SMALL, **options}, dtype="float64").fit(X, y)
    module = to_torch(model)
    P, lengths = (
        torch.nn.utils.rnn.pad_sequence(list(map(torch.tensor, X)), True, torch.nan),
        list(map(len, X)),
    )
    with torch.no_grad():
        said, default = module(P, lengths, 5), module(P, lengths)
        assert_same(said.numpy(), model.predict(X, horizon=5))
        assert default.shape == model.predict(X).shape
        if model.loss != "quantile":
            assert_same(module(P, lengths, y=said).numpy(), said.numpy())
        assert_same(pickle.loads(pickle.dumps(module))(P, lengths, 5).numpy(), said.numpy())
        assert from_torch(module, model)._model.theta.tobytes() == model._model.theta.tobytes()
        module.scale *= 2
        module.mean += 1
        assert_same(from_torch(module, model).predict(X, horizon=5), module(P, lengths, 5).numpy())


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [6, (4, 5)])
@pytest.mark.parametrize("cls", [RNNEncoderDecoder, LSTMEncoderDecoder, GRUEncoderDecoder])
def test_encoder_decoders_of_tokens(cls, sizes, dtype):
    """The answers of greedy search, the losses of training, and back."""
    texts = ["one", "two", "three", "seven", "eleven"]
    model = cls(hidden_size=sizes, embedding_size=5, max_iter=60, tol=None, dtype=dtype, random_state=0)
    model.fit(texts, ["1", "22", "333", "22", "111"])
    module, number = to_torch(model), model.source_vocabulary_
    X = torch.nn.utils.rnn.pad_sequence(
        [torch.tensor([number[token] for token in text]) for text in texts], True, -1
    )
    lengths = list(map(len, texts))
    names = ["", *model.target_vocabulary_]
    with torch.no_grad():
        said = module(X, lengths)
        expected = model.predict(texts)
        assert [[names[k] for k in row if k] for row in said] == expected
        assert any(expected)
        short = to_torch(model.set_params(max_length=1))(X, lengths)
        assert [[names[k] for k in row if k] for row in short] == [one[:1] for one in expected]
        assert (module(X[:1, :3]) == said[:1, : len(module(X[:1, :3])[0])]).all()
        assert module(X, lengths, 1).tolist() == said[:, :1].tolist()
        assert module(X, lengths, 0).shape == (5, 0)
        logits = module(X, lengths, y=said)
        assert logits.shape == (*said.shape, len(names))
        first = said.cumprod(dim=1).bool() | (torch.arange(said.shape[1]) == 0)  # after the end any
        assert (logits.argmax(-1) == said)[first].all()
        assert (pickle.loads(pickle.dumps(module))(X, lengths) == said).all()
    assert from_torch(module, model)._model.theta.tobytes() == model._model.theta.tobytes()


def test_the_loss_of_an_encoder_decoder_of_tokens():
    """Fed y, the module computes the loss whose curve fit reports: of one epoch at frozen weights."""
    model = GRUEncoderDecoder(hidden_size=4, embedding_size=3, max_iter=5, tol=None, random_state=0)
    model.fit(["ab", "ba"], ["xy", "yx"])
    module = to_torch(model)
    y = torch.tensor([[1, 2, 0], [2, 1, 0]])
    with torch.no_grad():
        logits = module(torch.tensor([[0, 1], [1, 0]]), y=y)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
    again = from_torch(module, model).set_params(
        warm_start=True, learning_rate="constant", learning_rate_init=1e-300, max_iter=1, alpha=0
    )
    np.testing.assert_allclose(
        again.fit(["ab", "ba"], ["xy", "yx"]).loss_curve_[0], float(loss), rtol=1e-9
    )


def test_wrong_weights_of_an_encoder_decoder():
    model = fitted(GRUEncoderDecoderRegressor, sequences(ragged=False), np.ones((12, 2)))
    state = to_torch(model).state_dict()
    with pytest.raises(ValueError, match=r"missing are none, and left over are 'more'"):
        from_torch({**state, "more": np.ones(2)}, model)
    with pytest.raises(ValueError, match=r"missing are 'decoder.readout.b'"):
        from_torch({key: one for key, one in state.items() if key != "readout.bias"}, model)
    with pytest.raises(ValueError, match=r"X must be a tensor of shape \(n_sequences, n_timesteps, n_f"):
        to_torch(model)(torch.ones(3, 2))
    with pytest.raises(ValueError, match="probabilities=True is for classifiers"):
        to_torch(model, probabilities=True)


def test_what_to_torch_does_not_take(model):
    X = sequences(ragged=False)
    with pytest.raises(NotFittedError):
        to_torch(LSTMRegressor())
    with pytest.raises(TypeError, match="needs a fitted estimator of skrnn"):
        to_torch(StandardScaler().fit(X[0]))
    with pytest.raises(ValueError, match=r"tokens of shape \(n_sequences, n_timesteps\)"):
        to_torch(fitted(GRUEncoderDecoder, ["ab", "ba"] * 4, ["b", "a"] * 4))(torch.ones(3))
    with pytest.raises(ValueError, match="probabilities=True is for classifiers"):
        to_torch(model, probabilities=True)
    pipe = make_pipeline(TimeDistributed(StandardScaler()), LSTMRegressor(**SMALL)).fit(X, X[:, -1, 0])
    with pytest.raises(ValueError, match=r"estimator\[-1\]"):
        to_torch(pipe)
    series = fitted(LSTMRegressor, X[0], X[0, :, 0], rows="steps", initial_state="last")
    with pytest.raises(ValueError, match="initial_state='last'"):
        to_torch(series)
    assert_same(
        answers(to_torch(series.set_params(initial_state="zeros")), X[:1])[0], series.predict(X[0])
    )


def test_without_torch(model, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r"skrnn\[torch\]"):
        to_torch(model)


def test_what_from_torch_does_not_take(model):
    state = to_torch(model).state_dict()
    with pytest.raises(NotFittedError):
        from_torch(state, LSTMRegressor())
    with pytest.raises(TypeError, match="as estimator"):
        from_torch(state, "LSTM")
    for source in (3, {"readout.weight": "a"}, [("a", 1)]):
        with pytest.raises(TypeError, match="source must be"):
            from_torch(source, model)


def change(state, **changes):
    return {key: changes.get(key.replace(".", "__"), value) for key, value in state.items()}


def test_wrong_weights(model):
    state = {key: value.numpy() for key, value in to_torch(model).state_dict().items()}
    theta = model._model.theta.copy()
    nan = np.full(1, np.nan)
    for wrong, says in (
        ({**state, "layers.1.weight_ih_l0": nan}, "left over are 'layers.1.weight_ih_l0'"),
        ({**state, "other.weight": nan, "other.bias": nan}, "left over are 'other"),
        ({k: v for k, v in state.items() if "hh" not in k}, "missing are 'layer0.W_h', 'layer0.b_h'"),
        (change(state, readout__bias=np.ones(2)), r"'readout.bias' has shape \(2,\), but LSTM.* \(1,\)"),
        (change(state, readout__bias=nan), "'readout.bias' has NaN"),
        (change(state, mean=nan), "'mean' has NaN"),
        (change(state, mean=np.ones(2)), "'mean' has shape"),
        (change(state, scale=np.zeros(1)), "'scale' must be > 0"),
    ):
        with pytest.raises(ValueError, match=says) as error:
            from_torch(wrong, model)
        assert len(str(error.value)) <= 600
    assert np.array_equal(model._model.theta, theta)


def test_numbers_too_large_for_the_estimator():
    X = sequences(ragged=False, dtype="float32")
    model = fitted(GRURegressor, X, X[:, -1, 0])
    state = {key: value.numpy().astype(float) for key, value in to_torch(model).state_dict().items()}
    with pytest.raises(ValueError, match="the dtype of the estimator does not hold"):
        from_torch(change(state, readout__bias=np.full(1, 1e300)), model)


@pytest.mark.parametrize("per_step", [False, True], ids=["one target", "per step"])
def test_categories_beside_numbers(per_step):
    """Codes become vectors in the module, too; padding may be anything."""
    rng = np.random.RandomState(0)
    X = rng.normal(size=(12, 6, 4))
    X[:, :, [0, 2]] = rng.randint(5, size=(12, 6, 2))
    X[:, :, 3] = rng.randint(-1, 3, size=(12, 6))
    y = X[:, :, 1] if per_step else X[:, -1, 1]
    params = {"embedding_size": {(0, 2): 3, 3: 2}, "hidden_size": (4, 3), "return_sequences": per_step}
    params |= {"max_iter": 3, "tol": None, "random_state": 0, "target_delay": int(per_step)}
    model = GRURegressor(**params)
    model.fit(X, y)
    module = to_torch(model)
    with torch.no_grad():
        np.testing.assert_allclose(module(torch.from_numpy(X)).numpy(), model.predict(X), atol=1e-13)
        padded, lengths = X.copy(), np.arange(12) % 6 + 1
        for i, n in enumerate(lengths):
            padded[i, n:] = 77.0
        answers = module(torch.from_numpy(padded), torch.from_numpy(lengths)).numpy()
    expected = model.predict([x[:n] for x, n in zip(X, lengths, strict=True)])
    for i, n in enumerate(lengths):
        answer = answers[i, :n] if per_step else answers[i]
        np.testing.assert_allclose(answer, expected[i], atol=1e-13)
    again = from_torch(module, model)
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert {f"embeddings.{k}.weight" for k in (0, 1)} <= module.state_dict().keys()
