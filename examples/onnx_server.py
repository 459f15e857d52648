"""Deployment by ONNX, without Python's scientific packages
========================================================

Answers without skrnn and scikit-learn: models written as ONNX, and run by another process.

Two models are trained here and written to files. The other process has onnxruntime and NumPy only: the
names of skrnn and scikit-learn are barred there, and that none of them was imported is asserted. It
answers with two models:

- A pipeline of a scaler and a GRU that tells which of three waves a noisy sequence is; sequences of
  unequal length are padded, and their lengths passed.
- An encoder-decoder that reverses strings of digits. It is two graphs, and the greedy loop between them
  is ten lines of the server.

Asserted: the labels are those of the pipeline, every one, its probabilities to 1e-5, and the answers of
the encoder-decoder are those of `predict`.

Run: python onnx_server.py
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRUClassifier, GRUEncoderDecoder, TimeDistributed
from skrnn.interop import to_onnx

NEEDED = ("onnx", "onnxruntime")

SERVER = '''
import json, sys
sys.modules["skrnn"] = sys.modules["sklearn"] = None  # an import of them fails
import numpy as np, onnxruntime

folder = sys.argv[1]
with open(f"{folder}/questions.json") as file:
    questions = json.load(file)

def load(name):
    return onnxruntime.InferenceSession(f"{folder}/{name}.onnx", providers=["CPUExecutionProvider"])

def run(session, feed):
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, feed)))

def waves(sequences):
    """Padded with anything: only the first steps of each count."""
    lengths = np.array([len(x) for x in sequences])
    X = np.full((len(sequences), lengths.max(), 1), np.nan, dtype="float32")
    for x, sequence in zip(X, sequences):
        x[: len(sequence)] = sequence
    return run(load("waves"), {"X": X, "lengths": lengths})

def vocabulary(session):
    return json.loads(session.get_modelmeta().custom_metadata_map["vocabulary"])

def reverse(text, longest=40):
    encoder, decoder = load("encoder"), load("decoder")
    source, target = vocabulary(encoder), vocabulary(decoder)
    X = np.array([[source.index(letter) if letter in source else -1 for letter in text]])
    states = run(encoder, {"X": X, "lengths": np.array([len(text)])})
    token, answer = np.zeros(1, "int64"), ""
    while len(answer) < longest:  # greedy: the most probable token is read next
        out = run(decoder, {"token": token, **states})
        token, states = out["token_next"], {name: out[f"{name}_next"] for name in states}
        if token[0] == 0:  # the end
            break
        answer += target[token[0]]
    return answer

said = waves(questions["waves"])
answers = {name: value.tolist() for name, value in said.items()}
answers["reversed"] = [reverse(text) for text in questions["texts"]]
assert sys.modules["skrnn"] is None and sys.modules["sklearn"] is None
assert not [name for name in sys.modules if name.startswith(("skrnn.", "sklearn."))]
json.dump(answers, sys.stdout)
'''


def noisy_waves(n, rng):
    """Sequences (T_i, 1) of 20 to 40 steps, a sine, a square or a triangle, and which it is."""
    names = np.array(["sine", "square", "triangle"])
    kinds, X = rng.randint(3, size=n), []
    for kind in kinds:
        phase = np.arange(rng.randint(20, 41)) / 8 + rng.uniform()
        sine = np.sin(2 * np.pi * phase)
        wave = [sine, np.sign(sine), 2 / np.pi * np.arcsin(sine)][kind]
        X.append((50 + 10 * (wave + 0.2 * rng.normal(size=len(wave))))[:, None].astype("float32"))
    return X, names[kinds]


def train(rng):
    """The two models, trained."""
    X, y = noisy_waves(600, rng)
    pipe = make_pipeline(TimeDistributed(StandardScaler()), GRUClassifier(24, random_state=0)).fit(X, y)
    texts = ["".join(map(str, rng.randint(10, size=rng.randint(1, 6)))) for _ in range(2000)]
    pairs = GRUEncoderDecoder(
        48, batch_size=64, max_iter=15, learning_rate="cosine", tol=None, dtype="float32", random_state=0
    )
    return pipe, pairs.fit(texts, [text[::-1] for text in texts])


def write(folder, pipe, pairs, questions):
    """Models and questions as files of the server."""
    pair = to_onnx(pairs)
    for name, model in (("waves", to_onnx(pipe)), ("encoder", pair.encoder), ("decoder", pair.decoder)):
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
        print(f"{name}.onnx: {model.ByteSize():,} bytes")
    (folder / "questions.json").write_text(json.dumps(questions))


def ask_server(folder):
    """What the other process answers."""
    command = [sys.executable, "-c", SERVER, str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def main():
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        print(f'skipped: {" and ".join(missing)} missing; pip install "skrnn[onnx]"')
        return
    rng = np.random.RandomState(0)
    pipe, pairs = train(rng)
    X, y = noisy_waves(200, rng)
    texts = ["12345", "908", "7", "55", "not digits"]
    with tempfile.TemporaryDirectory() as folder:
        questions = {"waves": [x.tolist() for x in X], "texts": texts}
        write(Path(folder), pipe, pairs, questions)
        said = ask_server(folder)
    print(f"waves: {np.mean(said['label'] == y):.1%} of 200 right, by onnxruntime alone")
    for text, answer in zip(texts, said["reversed"], strict=True):
        print(f"  {text} -> {answer}")
    assert said["label"] == pipe.predict(X).tolist()
    assert np.abs(said["probabilities"] - pipe.predict_proba(X)).max() < 1e-5
    assert said["reversed"] == ["".join(answer) for answer in pairs.predict(texts)]


if __name__ == "__main__":
    main()
