#include "training.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "erased.hpp"
#include "losses.hpp"
#include "pooling.hpp"

namespace skrnn {

namespace {

// Steps of a window when the state only moves on (MAX_ADVANCE of tbptt.py)
constexpr Index MOST_STEPS = 64;

template <class T>
struct PoolingTwin {
    Index state_rows;
    bool has_tape;
    void (*initial)(T* state, Index Hp);  // of one sequence
    void (*forward)(const Pooled<T>&);
    void (*backward)(const Pooled<T>&);
};

template <class Pooling, class T>
constexpr auto initial_of() -> void (*)(T*, Index) {
    if constexpr (Pooling::state_rows > 0) {
        return Pooling::initial;
    } else {
        return nullptr;
    }
}

#define SKRNN_POOLING(name, Pooling)                                                             \
    {Pooling<T>::state_rows, Pooling<T>::has_tape, initial_of<Pooling<T>, T>(), Pooling<T>::forward, \
     Pooling<T>::backward},
#define SKRNN_POOLING_NAME(name, Pooling) #name,

template <class T>
constexpr PoolingTwin<T> poolings[] = {SKRNN_POOLINGS(SKRNN_POOLING)};
constexpr const char* pooling_names[] = {SKRNN_POOLINGS(SKRNN_POOLING_NAME)};

// A layer on its way through a batch: states (B, Hp), and of the window what the way back needs.
template <class T>
struct LayerRun {
    Layer layer;
    Index Hp;
    int n_states;
    T *to_go_forward, *to_go_back, *scratch, *direct;  // packed weights, and scratch
    bool is_packed_forward = false, is_packed_backward = false;
    T *state[2] = {}, *initial[2] = {}, *kept[2] = {}, *dstate[2] = {};
    const T* X;
    Index X_stride;
    T *h, *c, *tape, *dX;

    Outputs outputs(T* const* states, Index keep) const {
        const bool kept_is_wanted = keep >= 0;
        return {h,
                c,
                tape,
                {states[0], states[1]},
                {kept_is_wanted ? kept[0] : nullptr, kept_is_wanted ? kept[1] : nullptr},
                keep};
    }
};

// A pooling on its way: its state, and of the window what it says and what the way back needs.
template <class T>
struct PoolingRun {
    const PoolingTwin<T>* twin;
    T *to_go_forward, *to_go_back;  // packed weights of its part of the read-out
    T *state, *kept, *dstate;
    T *P, *tape, *dP;
};

// One window, in memory that is given back after it.
template <class T>
struct WindowRun {
    Steps steps;
    Index start, first, keep;  // the latter two count from the start; keep -1: the state after the last step
    const T* X;
    Index n_read;  // packed rows of the steps from ``first`` on
    T *raw, *draw;

    Index N() const { return steps.offsets[steps.T]; }
};

template <class T>
class BatchRun {
  public:
    BatchRun(Training& training, Workplace& place, const Index* rows, Index B)
        : t_(training), arena_(place.batch), chunk_(place.chunk), batch_(training.data, rows, B, arena_) {}

    Outcome run(Index k1, Index k2, Totals* totals);

  private:
    void begin();
    void begin_layer(LayerRun<T>& layer, Index k, Index D);
    void begin_poolings();
    Outcome over_windows(Plan plan, Index n_updates, Totals* totals);
    bool read_window(WindowRun<T>* w, Index start, Index first, Index end, Index keep);
    bool read_inputs(WindowRun<T>* w);
    bool read_targets(const WindowRun<T>& w, T** y);
    bool advance(Index at, Index to);
    void forward(WindowRun<T>& w, bool record);
    void pool(const WindowRun<T>& w);
    void read_out_forward(WindowRun<T>& w);
    Outcome losses(const WindowRun<T>& w, Totals* totals);
    void backward(const WindowRun<T>& w);
    const T* read_out_backward(const WindowRun<T>& w, Index* first);
    Outcome update(double scale, double relative_weight, Totals* totals);
    Pooled<T> pooled(const WindowRun<T>& w, PoolingRun<T>& p) const;

    LayerRun<T>& top() { return layers_[t_.n_layers - 1]; }
    const LayerRun<T>& top() const { return layers_[t_.n_layers - 1]; }
    bool reads_H() const { return t_.n_poolings == 1 && !poolings_[0].twin->state_rows; }

    Training& t_;
    Arena& arena_;
    std::vector<Span>& chunk_;
    Batch batch_;
    LayerRun<T>* layers_;
    PoolingRun<T> poolings_[MOST_POOLINGS];
    bool is_packed_ = false;  // the read-out
    T* scratch_;              // of its gradient
    Index Kp_;
};

// --- memory of a batch --------------------------------------------------------------------------------

template <class T>
void BatchRun<T>::begin_layer(LayerRun<T>& run, Index k, Index D) {
    const TrainingLayer& of = t_.layers[k];
    run = LayerRun<T>();
    run.layer = {t_.build, of.cell, t_.is_double, D, of.H, of.weights[0], of.weights[1], of.weights[2], of.weights[3]};
    run.Hp = padded<T>(*t_.build, of.H);
    run.n_states = cell_info(of.cell).states;
    const LayerNumbers numbers = numbers_of(run.layer);
    run.to_go_forward = arena_.take<T>(numbers.forward);
    run.to_go_back = arena_.take<T>(numbers.backward);
    run.scratch = arena_.take<T>(numbers.gradient);
    run.direct = arena_.take<T>(batch_.B * run.Hp);
    for (int s = 0; s < run.n_states; ++s) {
        run.state[s] = arena_.zeros<T>(batch_.B * run.Hp);
        run.initial[s] = arena_.take<T>(batch_.B * run.Hp);
        run.kept[s] = arena_.take<T>(batch_.B * run.Hp);
        run.dstate[s] = arena_.take<T>(batch_.B * run.Hp);
    }
}

template <class T>
void BatchRun<T>::begin_poolings() {
    const Index Hp = top().Hp, H = top().layer.H, B = batch_.B;
    Kp_ = padded<T>(*t_.build, t_.K);
    scratch_ = arena_.take<T>(H * Kp_);
    for (int k = 0; k < t_.n_poolings; ++k) {
        PoolingRun<T>& p = poolings_[k];
        p = PoolingRun<T>();
        p.twin = &poolings<T>[t_.poolings[k]];
        p.to_go_forward = arena_.take<T>(Hp * Kp_);
        p.to_go_back = arena_.take<T>(Hp * Kp_);
        const Index rows = p.twin->state_rows;
        if (!rows) continue;
        p.state = arena_.take<T>(B * rows * Hp);
        p.kept = arena_.take<T>(B * rows * Hp);
        p.dstate = arena_.take<T>(B * Hp);
        for (Index i = 0; i < B; ++i) p.twin->initial(p.state + i * rows * Hp, Hp);
    }
}

template <class T>
void BatchRun<T>::begin() {
    layers_ = arena_.take<LayerRun<T>>(t_.n_layers);
    Index D = t_.data.X.n_features;
    for (Index k = 0; k < t_.n_layers; ++k) {
        begin_layer(layers_[k], k, D);
        D = t_.layers[k].H;
    }
    begin_poolings();
}

// --- reading ------------------------------------------------------------------------------------------

template <class T>
bool BatchRun<T>::read_window(WindowRun<T>* w, Index start, Index first, Index end, Index keep) {
    Index *const n = arena_.take<Index>(end - start), *const offsets = arena_.take<Index>(end - start + 1);
    offsets[0] = 0;
    for (Index t = 0; t < end - start; ++t) {
        n[t] = batch_.alive(start + t);
        offsets[t + 1] = offsets[t] + n[t];
    }
    // one target, read at the end of the batch
    if (batch_.at_end() && t_.data.replication == 0) first = std::max(first, std::min(batch_.T - 1, end));
    w->steps = {end - start, batch_.B, n, offsets, false};
    w->start = start;
    w->first = first - start;
    w->keep = keep < end ? keep - start : -1;
    w->n_read = w->N() - offsets[w->first];
    return read_inputs(w);
}

template <class T>
bool BatchRun<T>::read_inputs(WindowRun<T>* w) {
    const Source& source = t_.data.X;
    const Index F = source.n_features;
    T* const X = arena_.take<T>(w->N() * F);
    w->X = X;
    if (!source.data) return t_.reader.inputs(t_.reader.python, w->start, w->start + w->steps.T, X);
    for (Index t = 0; t < w->steps.T; ++t)
        for (Index i = 0; i < w->steps.n[t]; ++i) {
            T* const to = X + (w->steps.offsets[t] + i) * F;
            const Index row = batch_.rows[i], time = w->start + t - batch_.joins[i];
            if (time < source.lengths[row]) {
                read(source, row, time, to);
            } else {  // past the end, where delayed outputs are read
                std::memset(to, 0, F * sizeof(T));
            }
        }
    return true;
}

// (n_read, y_columns) targets of the rows that are read
template <class T>
bool BatchRun<T>::read_targets(const WindowRun<T>& w, T** y) {
    const Data& data = t_.data;
    const Index columns = data.y_columns;
    *y = arena_.take<T>(w.n_read * columns);
    if (data.per_step && !data.y_of_steps.data)
        return t_.reader.targets(t_.reader.python, w.start + w.first, w.start + w.steps.T, *y);
    T* to = *y;
    for (Index t = w.first; t < w.steps.T; ++t)
        for (Index i = 0; i < w.steps.n[t]; ++i, to += columns) {
            const Index row = batch_.rows[i], time = w.start + t - batch_.joins[i] - data.delay;
            if (data.per_step) {
                read(data.y_of_steps, row, std::max(time, Index(0)), to);
            } else {
                std::memcpy(to, as<T>(data.y) + row * columns, columns * sizeof(T));
            }
        }
    return true;
}

// --- forward ------------------------------------------------------------------------------------------

template <class T>
void BatchRun<T>::forward(WindowRun<T>& w, bool record) {
    const Index N = w.N();
    const T* X = w.X;
    Index stride = t_.data.X.n_features;
    for (Index k = 0; k < t_.n_layers; ++k) {
        LayerRun<T>& run = layers_[k];
        const CellInfo& cell = cell_info(run.layer.cell);
        run.X = X;
        run.X_stride = stride;
        run.h = arena_.take<T>(N * run.Hp);
        run.c = record && run.n_states > 1 ? arena_.take<T>(N * run.Hp) : nullptr;
        run.tape = record && cell.has_tape ? arena_.take<T>(N * run.Hp * cell.slots) : nullptr;
        if (!run.is_packed_forward) pack_forward(run.layer, run.to_go_forward);
        run.is_packed_forward = true;
        for (int s = 0; record && s < run.n_states; ++s)
            std::memcpy(run.initial[s], run.state[s], batch_.B * run.Hp * sizeof(T));
        const Window window = {w.steps, run.X, run.X_stride, t_.n_threads};
        forward_packed(run.layer, window, run.outputs(run.state, w.keep), run.to_go_forward);
        for (int s = 0; w.keep >= 0 && s < run.n_states; ++s) std::swap(run.state[s], run.kept[s]);
        X = run.h;
        stride = run.Hp;
    }
    pool(w);
}

template <class T>
Pooled<T> BatchRun<T>::pooled(const WindowRun<T>& w, PoolingRun<T>& p) const {
    return {w.steps, w.first, w.keep, top().Hp, top().h, p.state, p.kept, p.P, p.tape, p.dP, nullptr, p.dstate};
}

template <class T>
void BatchRun<T>::pool(const WindowRun<T>& w) {
    const Index Hp = top().Hp;
    for (int k = 0; k < t_.n_poolings; ++k) {
        PoolingRun<T>& p = poolings_[k];
        const Index rows = p.twin->state_rows;
        p.P = rows ? arena_.take<T>(w.n_read * Hp) : top().h + w.steps.offsets[w.first] * Hp;
        p.tape = p.twin->has_tape ? arena_.take<T>(w.N() * Hp) : nullptr;
        p.twin->forward(pooled(w, p));
        if (rows && w.keep >= 0) std::swap(p.state, p.kept);
    }
}

template <class T>
void BatchRun<T>::read_out_forward(WindowRun<T>& w) {
    const ReadOut<T>& kernels = read_out<T>(*t_.build);
    const Index H = top().layer.H, K = t_.K;
    w.raw = arena_.take<T>(w.n_read * Kp_);
    w.draw = arena_.take<T>(w.n_read * Kp_);
    for (Index r = 0; r < w.n_read; ++r) {
        std::memcpy(w.raw + r * Kp_, t_.b, K * sizeof(T));
        std::memset(w.raw + r * Kp_ + K, 0, (Kp_ - K) * sizeof(T));
        std::memset(w.draw + r * Kp_ + K, 0, (Kp_ - K) * sizeof(T));
    }
    for (int k = 0; k < t_.n_poolings; ++k) {
        const PoolingRun<T>& p = poolings_[k];
        if (!is_packed_) kernels.pack(as<T>(t_.W) + k * H * K, H, K, p.to_go_forward, p.to_go_back);
        kernels.forward(p.P, p.to_go_forward, H, K, w.n_read, w.raw);
    }
    is_packed_ = true;
}

// Carry the state from step ``at`` to step ``to``, forward only, in windows of bounded memory.
template <class T>
bool BatchRun<T>::advance(Index at, Index to) {
    for (; at < to; at = std::min(at + MOST_STEPS, to)) {
        const Arena::Mark mark = arena_.mark();
        const Index stop = std::min(at + MOST_STEPS, to);
        WindowRun<T> w;
        if (!read_window(&w, at, stop, stop, stop)) return false;
        forward(w, false);
        arena_.rewind(mark);
    }
    return true;
}

// --- losses, and backward -----------------------------------------------------------------------------

template <class T>
Outcome BatchRun<T>::losses(const WindowRun<T>& w, Totals* totals) {
    const LossInfo& info = loss_info(t_.loss);
    const LossFunction<T> value_and_gradient = loss_function<T>(t_.loss);
    const Index K = t_.K, columns = t_.data.y_columns;
    T* y;
    if (!read_targets(w, &y)) return NOT_READ;
    double sum = 0;
    Index r = 0;
    for (Index t = w.first; t < w.steps.T; ++t)
        for (Index i = 0; i < w.steps.n[t]; ++i, ++r, y += columns) {
            if (info.labels && !(y[0] >= 0 && y[0] < T(K))) return BAD_LABEL;
            T* const draw = w.draw + r * Kp_;
            const double c = batch_.loss_weight(i, w.start + t) * batch_.weight[i];
            sum += c * double(value_and_gradient(y, w.raw + r * Kp_, K, t_.options, draw));
            for (Index k = 0; k < K; ++k) draw[k] = T(double(draw[k]) * c);
        }
    totals->loss += sum;
    return UPDATED;
}

// Gradient of the states of the top layer at the steps from ``first`` on
template <class T>
const T* BatchRun<T>::read_out_backward(const WindowRun<T>& w, Index* first) {
    const ReadOut<T>& kernels = read_out<T>(*t_.build);
    const Index H = top().layer.H, Hp = top().Hp, K = t_.K;
    kernels.gradient(nullptr, w.draw, 1, K, w.n_read, scratch_, as<T>(t_.db));
    T* const dH = reads_H() ? nullptr : arena_.zeros<T>(w.N() * Hp);
    for (int k = 0; k < t_.n_poolings; ++k) {
        PoolingRun<T>& p = poolings_[k];
        kernels.gradient(p.P, w.draw, H, K, w.n_read, scratch_, as<T>(t_.dW) + k * H * K);
        p.dP = arena_.take<T>(w.n_read * Hp);
        kernels.backward(w.draw, p.to_go_back, H, K, w.n_read, p.dP);
        if (!dH) continue;
        if (p.dstate) std::memset(p.dstate, 0, batch_.B * Hp * sizeof(T));
        Pooled<T> of = pooled(w, p);
        of.dH = dH;
        p.twin->backward(of);
    }
    *first = dH ? 0 : w.first;
    return dH ? dH : poolings_[0].dP;
}

template <class T>
void BatchRun<T>::backward(const WindowRun<T>& w) {
    Index first;
    const T* dH = read_out_backward(w, &first);
    for (Index k = t_.n_layers - 1; k >= 0; --k) {
        LayerRun<T>& run = layers_[k];
        const CellInfo& cell = cell_info(run.layer.cell);
        if (!run.tape) run.tape = arena_.take<T>(w.N() * run.Hp * cell.slots);
        if (!run.is_packed_backward) pack_backward(run.layer, run.to_go_back);
        run.is_packed_backward = true;
        for (int s = 0; s < run.n_states; ++s) std::memset(run.dstate[s], 0, batch_.B * run.Hp * sizeof(T));
        run.dX = k ? arena_.take<T>(w.N() * layers_[k - 1].Hp) : nullptr;
        const Window window = {w.steps, run.X, run.X_stride, t_.n_threads};
        const Outputs outputs = run.outputs(run.initial, -1);
        const Inputs inputs = {dH, run.Hp, first, {run.dstate[0], run.dstate[1]}, run.dX};
        backward_packed(run.layer, window, outputs, inputs, run.to_go_back, run.direct);
        gradient_in(run.layer, window, outputs, t_.layers[k].gradients, run.scratch);
        dH = run.dX;
        first = 0;
    }
}

// --- updates ------------------------------------------------------------------------------------------

template <class T>
Outcome BatchRun<T>::update(double scale, double relative_weight, Totals* totals) {
    if (!t_.updates) return UPDATED;
    const double share = t_.rule.mean > 0 ? batch_.W / t_.rule.mean : 1;
    UpdateFacts facts = {};
    const Gathered gathered = {scale, batch_.S, share, relative_weight, totals->loss};
    const Outcome outcome = run_update(*t_.build, t_.vectors, t_.rule, gathered, &facts);
    if (outcome != UPDATED) return outcome;
    for (Index k = 0; k < t_.n_layers; ++k) layers_[k].is_packed_forward = layers_[k].is_packed_backward = false;
    is_packed_ = false;
    totals->norms[totals->n_updates++ % N_NORMS] = facts.norm;
    totals->n_clipped += facts.clipped;
    totals->penalty += facts.penalty * share;
    totals->norm_sum += facts.norm;
    return UPDATED;
}

template <class T>
Outcome BatchRun<T>::over_windows(Plan plan, Index n_updates, Totals* totals) {
    Index at = 0, since = -1;
    Span span, following;
    for (bool there = plan.next(&span); there;) {
        const bool more = plan.next(&following);
        if (since < 0) since = span.first;
        const Arena::Mark mark = arena_.mark();
        if (at < span.start && !advance(at, span.start)) return NOT_READ;
        // what is kept is the state at the start of the next window
        at = more ? std::min(following.start, span.end) : span.end;
        WindowRun<T> w;
        if (!read_window(&w, span.start, span.first, span.end, at)) return NOT_READ;
        forward(w, true);
        read_out_forward(w);
        if (const Outcome outcome = losses(w, totals)) return outcome;
        backward(w);
        if (span.update) {
            const Outcome outcome = update(double(n_updates) / batch_.W, batch_.relative_weight(since, span.end), totals);
            if (outcome != UPDATED) return outcome;
            since = -1;
        }
        arena_.rewind(mark);
        span = following;
        there = more;
    }
    return UPDATED;
}

template <class T>
Outcome BatchRun<T>::run(Index k1, Index k2, Totals* totals) {
    if (batch_.W > 0) {
        begin();
        if ((k1 > 0 && k1 < batch_.T) || (k2 > 0 && k2 < batch_.T)) batch_.weigh_steps(arena_);
        Plan plan(batch_, k1, k2, chunk_);
        const Index n_updates = plan.n_updates();
        if (const Outcome outcome = over_windows(plan, n_updates, totals)) return outcome;
    }
    totals->W += batch_.W;
    return UPDATED;
}

}  // namespace

int n_poolings() { return sizeof(pooling_names) / sizeof(pooling_names[0]); }
const char* pooling_name(int pooling) { return pooling_names[pooling]; }

Outcome run_batch(Training& training, Workplace& place, const Index* rows, Index B, Index k1, Index k2,
                  Totals* totals) {
    try {
        place.batch.reset();
        return training.is_double ? BatchRun<double>(training, place, rows, B).run(k1, k2, totals)
                                  : BatchRun<float>(training, place, rows, B).run(k1, k2, totals);
    } catch (const std::bad_alloc&) {
        return NO_MEMORY;
    }
}

}  // namespace skrnn
