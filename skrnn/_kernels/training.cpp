#include "training.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>

#include "erased.hpp"
#include "losses.hpp"
#include "pooling.hpp"

namespace skrnn {

namespace {

// Steps of a window when the state only moves on (MAX_ADVANCE of tbptt.py)
constexpr Index MOST_STEPS = 64;

// Between two looks around in one batch: soon enough for who interrupts, and no cost
constexpr std::chrono::milliseconds PATIENCE(50);

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

// One direction of a layer on its way through a batch: states (B, Hp), and of the window what the way back needs.
template <class T>
struct DirectionRun {
    Layer layer;
    Index Hp;
    int n_states;
    T *to_go_forward, *to_go_back, *scratch, *direct;  // packed weights, and scratch
    bool is_packed_forward = false, is_packed_backward = false;
    T *state[2] = {}, *initial[2] = {}, *kept[2] = {}, *dstate[2] = {};
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

// A layer: what it reads (N, D), rows X_stride apart, and what all directions say, (N, Qp).
template <class T>
struct LayerRun {
    DirectionRun<T> directions[MOST_DIRECTIONS];
    Index D, Q, Qp;
    T* mask = nullptr;  // (B, width) of what the next layer, or the read-out, sees of it
    const T* X;
    Index X_stride;
    const T* H;
};

// A pooling on its way: its state, and of the window what it says and what the way back needs.
template <class T>
struct PoolingRun {
    const PoolingTwin<T>* twin;
    T *to_go_forward, *to_go_back;  // packed weights of its part of the read-out
    T *state, *kept, *dstate;
    const T* P;  // (n_read, Qp)
    T *tape, *dP;
    bool reads_final_states;
};

// One window, in memory that is given back after it.
template <class T>
struct WindowRun {
    Steps steps;
    Index start, first, keep;  // the latter two count from the start; keep -1: the state after the last step
    const T* X;
    const Index* tokens;
    Index n_read;  // packed rows of the steps from ``first`` on
    T *raw, *draw;

    Index N() const { return steps.offsets[steps.T]; }
    // f(sequence, packed row) over the rows from step ``first`` on
    template <class F>
    void over_rows(Index first_step, const F& f) const {
        for (Index t = first_step; t < steps.T; ++t)
            for (Index i = 0; i < steps.n[t]; ++i) f(i, steps.offsets[t] + i);
    }
};

// to[j] = a[j] b[j]
template <class T>
void multiply(const T* a, const T* b, Index n, T* to) {
    for (Index j = 0; j < n; ++j) to[j] = a[j] * b[j];
}

template <class T>
class BatchRun {
  public:
    BatchRun(Training& training, Workplace& place, const Index* rows, Index B)
        : t_(training), arena_(place.batch), chunk_(place.chunk), batch_(training.data, rows, B, arena_) {}

    Outcome run(Index k1, Index k2, Totals* totals);

  private:
    void begin();
    void begin_layer(LayerRun<T>& run, Index k, Index D);
    void begin_direction(DirectionRun<T>& run, Index k, int d, Index D);
    void begin_poolings();
    Outcome over_windows(Plan plan, Index n_updates, Totals* totals, Index* at);
    Outcome read_window(WindowRun<T>* w, Index start, Index first, Index end, Index keep);
    Outcome read_inputs(WindowRun<T>* w);
    template <class Number>
    bool read_X(const WindowRun<T>& w, Number* X, Number beyond);
    bool read_targets(const WindowRun<T>& w, T** y);
    bool draw_masks();
    Outcome advance(Index at, Index to);
    void leave_states();
    void forward(WindowRun<T>& w, bool record);
    void run_layer(LayerRun<T>& run, const WindowRun<T>& w, bool record);
    void run_direction(DirectionRun<T>& run, const LayerRun<T>& of, const WindowRun<T>& w, bool record);
    const T* masked_rows(const LayerRun<T>& run, const WindowRun<T>& w);
    void pool(const WindowRun<T>& w);
    const T* final_states();
    void read_out_forward(WindowRun<T>& w);
    Outcome losses(const WindowRun<T>& w, Totals* totals);
    void backward(const WindowRun<T>& w);
    const T* read_out_backward(const WindowRun<T>& w, Index* first);
    void gradient_of_final_states(const PoolingRun<T>& p);
    const T* layer_backward(Index k, const WindowRun<T>& w, const T* dH, Index first);
    void direction_backward(Index k, int d, const WindowRun<T>& w, const T* dH, Index first);
    void table_gradient(const WindowRun<T>& w, const T* dX);
    Outcome update(double scale, double relative_weight, Totals* totals);
    bool look_around();
    Pooled<T> pooled(const WindowRun<T>& w, PoolingRun<T>& p) const;

    bool is_late() const { return t_.late && t_.updates; }  // of the rows of the table
    LayerRun<T>& top() { return layers_[t_.n_layers - 1]; }
    const LayerRun<T>& top() const { return layers_[t_.n_layers - 1]; }
    // the only pooling reads the rows of the top layer: their gradient is that of P
    bool reads_H() const {
        return t_.n_poolings == 1 && !poolings_[0].twin->state_rows && !poolings_[0].reads_final_states;
    }

    Training& t_;
    Arena& arena_;
    std::vector<Span>& chunk_;
    Batch batch_;
    LayerRun<T>* layers_;
    PoolingRun<T> poolings_[MOST_POOLINGS];
    bool is_packed_ = false;  // the read-out
    T* scratch_;              // of its gradient
    T* drawn_;                // a mask as it was drawn
    Index Kp_;
    std::chrono::steady_clock::time_point looked_ = std::chrono::steady_clock::now();
};

// --- memory of a batch --------------------------------------------------------------------------------

template <class T>
void BatchRun<T>::begin_direction(DirectionRun<T>& run, Index k, int d, Index D) {
    const TrainingLayer& of = t_.layers[k];
    run = DirectionRun<T>();
    run.layer = {t_.build,         of.cell,          t_.is_double,     D,
                 of.H,             of.weights[d][0], of.weights[d][1], of.weights[d][2],
                 of.weights[d][3]};
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
        const T* const start = as<T>(of.start[s]);
        for (Index i = 0; start && i < batch_.B; ++i)
            std::memcpy(run.state[s] + i * run.Hp, start + batch_.rows[i] * of.H, of.H * sizeof(T));
    }
}

template <class T>
void BatchRun<T>::begin_layer(LayerRun<T>& run, Index k, Index D) {
    run = LayerRun<T>();
    run.D = D;
    run.Q = t_.n_directions * t_.layers[k].H;
    run.Qp = padded<T>(*t_.build, run.Q);
    for (int d = 0; d < t_.n_directions; ++d) begin_direction(run.directions[d], k, d, D);
    const Index width = k + 1 < t_.n_layers ? run.Q : t_.n_poolings * run.Q;
    if (t_.has_masks) run.mask = arena_.take<T>(batch_.B * width);
}

template <class T>
void BatchRun<T>::begin_poolings() {
    const Index Qp = top().Qp, Q = top().Q, B = batch_.B;
    Kp_ = padded<T>(*t_.build, t_.K);
    scratch_ = arena_.take<T>(Q * Kp_);
    for (int k = 0; k < t_.n_poolings; ++k) {
        PoolingRun<T>& p = poolings_[k];
        p = PoolingRun<T>();
        p.twin = &poolings<T>[t_.poolings[k]];
        p.to_go_forward = arena_.take<T>(Qp * Kp_);
        p.to_go_back = arena_.take<T>(Qp * Kp_);
        const Index rows = p.twin->state_rows;
        if (!rows) continue;
        p.state = arena_.take<T>(B * rows * Qp);
        p.kept = arena_.take<T>(B * rows * Qp);
        p.dstate = arena_.take<T>(B * Qp);
        for (Index i = 0; i < B; ++i) p.twin->initial(p.state + i * rows * Qp, Qp);
    }
}

template <class T>
void BatchRun<T>::begin() {
    layers_ = arena_.take<LayerRun<T>>(t_.n_layers);
    Index D = t_.F, widest = 0;
    for (Index k = 0; k < t_.n_layers; ++k) {
        begin_layer(layers_[k], k, D);
        D = layers_[k].Q;
        widest = std::max(widest, D);
    }
    drawn_ = arena_.take<T>(t_.has_masks ? batch_.B * widest * t_.n_poolings : 0);
    begin_poolings();
}

// New masks, in the order in which the sequences are sorted.
template <class T>
bool BatchRun<T>::draw_masks() {
    if (!t_.has_masks) return true;
    const Arena::Mark mark = arena_.mark();
    void** const to = arena_.take<void*>(t_.n_layers);
    for (Index k = 0; k < t_.n_layers; ++k) to[k] = layers_[k].mask;
    if (!t_.callbacks.masks(t_.callbacks.python, batch_.B, to)) return false;
    for (Index k = 0; k < t_.n_layers; ++k) {
        const Index width = k + 1 < t_.n_layers ? layers_[k].Q : t_.n_poolings * layers_[k].Q;
        std::memcpy(drawn_, layers_[k].mask, batch_.B * width * sizeof(T));
        for (Index i = 0; i < batch_.B; ++i)
            std::memcpy(layers_[k].mask + i * width, drawn_ + batch_.order[i] * width, width * sizeof(T));
    }
    arena_.rewind(mark);
    return true;
}

// --- reading ------------------------------------------------------------------------------------------

template <class T>
Outcome BatchRun<T>::read_window(WindowRun<T>* w, Index start, Index first, Index end, Index keep) {
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

// The window's rows of X, and ``beyond`` past the end, where delayed outputs are read.
template <class T>
template <class Number>
bool BatchRun<T>::read_X(const WindowRun<T>& w, Number* X, Number beyond) {
    const Source& source = t_.data.X;
    const Index F = source.n_features;
    if (!source.data) return t_.callbacks.inputs(t_.callbacks.python, w.start, w.start + w.steps.T, X);
    for (Index t = 0; t < w.steps.T; ++t)
        for (Index i = 0; i < w.steps.n[t]; ++i) {
            Number* const to = X + (w.steps.offsets[t] + i) * F;
            const Index row = batch_.rows[i], time = w.start + t - batch_.joins[i];
            if (time < source.lengths[row]) {
                read(source, row, time, to);
            } else {
                for (Index j = 0; j < F; ++j) to[j] = beyond;
            }
        }
    return true;
}

template <class T>
Outcome BatchRun<T>::read_inputs(WindowRun<T>* w) {
    const Index N = w->N(), F = t_.F;
    T* const X = arena_.take<T>(N * F);
    w->X = X;
    if (!t_.table) return read_X(*w, X, T(0)) ? UPDATED : ERROR_OF_PYTHON;
    Index* const tokens = arena_.take<Index>(N);
    w->tokens = tokens;
    if (!read_X(*w, tokens, Index(-1))) return ERROR_OF_PYTHON;
    for (Index r = 0; r < N; ++r) {
        if (tokens[r] >= t_.n_tokens) return BAD_TOKEN;
        if (tokens[r] < 0) {  // a step without input
            std::memset(X + r * F, 0, F * sizeof(T));
        } else {
            if (is_late()) t_.late->catch_up(tokens[r]);
            std::memcpy(X + r * F, as<T>(t_.table) + tokens[r] * F, F * sizeof(T));
        }
    }
    return UPDATED;
}

// (n_read, y_columns) targets of the rows that are read
template <class T>
bool BatchRun<T>::read_targets(const WindowRun<T>& w, T** y) {
    const Data& data = t_.data;
    const Index columns = data.y_columns;
    *y = arena_.take<T>(w.n_read * columns);
    if (data.per_step && !data.y_of_steps.data)
        return t_.callbacks.targets(t_.callbacks.python, w.start + w.first, w.start + w.steps.T, *y);
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
void BatchRun<T>::run_direction(DirectionRun<T>& run, const LayerRun<T>& of, const WindowRun<T>& w, bool record) {
    const CellInfo& cell = cell_info(run.layer.cell);
    const Index N = w.N();
    run.h = arena_.take<T>(N * run.Hp);
    run.c = record && run.n_states > 1 ? arena_.take<T>(N * run.Hp) : nullptr;
    run.tape = record && cell.has_tape ? arena_.take<T>(N * run.Hp * cell.slots) : nullptr;
    if (!run.is_packed_forward) pack_forward(run.layer, run.to_go_forward);
    run.is_packed_forward = true;
    for (int s = 0; record && s < run.n_states; ++s)
        std::memcpy(run.initial[s], run.state[s], batch_.B * run.Hp * sizeof(T));
    Window window = {w.steps, of.X, of.X_stride, t_.n_threads};
    window.steps.reverse = &run != of.directions;
    forward_packed(run.layer, window, run.outputs(run.state, w.keep), run.to_go_forward);
    for (int s = 0; w.keep >= 0 && s < run.n_states; ++s) std::swap(run.state[s], run.kept[s]);
}

template <class T>
void BatchRun<T>::run_layer(LayerRun<T>& run, const WindowRun<T>& w, bool record) {
    for (int d = 0; d < t_.n_directions; ++d) run_direction(run.directions[d], run, w, record);
    const DirectionRun<T>* const ways = run.directions;
    run.H = ways[0].h;
    if (t_.n_directions == 1) return;
    const Index N = w.N(), H = ways[0].layer.H;
    T* const both = arena_.zeros<T>(N * run.Qp);
    for (Index r = 0; r < N; ++r)
        for (int d = 0; d < t_.n_directions; ++d)
            std::memcpy(both + r * run.Qp + d * H, ways[d].h + r * ways[d].Hp, H * sizeof(T));
    run.H = both;
}

// The rows of a layer as the next one reads them.
template <class T>
const T* BatchRun<T>::masked_rows(const LayerRun<T>& run, const WindowRun<T>& w) {
    if (!run.mask) return run.H;
    T* const rows = arena_.zeros<T>(w.N() * run.Qp);
    w.over_rows(0, [&](Index i, Index r) {
        multiply(run.H + r * run.Qp, run.mask + i * run.Q, run.Q, rows + r * run.Qp);
    });
    return rows;
}

template <class T>
void BatchRun<T>::forward(WindowRun<T>& w, bool record) {
    const T* X = w.X;
    Index stride = t_.F;
    for (Index k = 0; k < t_.n_layers; ++k) {
        LayerRun<T>& run = layers_[k];
        run.X = X;
        run.X_stride = stride;
        run_layer(run, w, record);
        if (k + 1 < t_.n_layers) X = masked_rows(run, w);
        stride = run.Qp;
    }
    pool(w);
}

template <class T>
Pooled<T> BatchRun<T>::pooled(const WindowRun<T>& w, PoolingRun<T>& p) const {
    return {w.steps, w.first, w.keep, top().Qp, top().H, p.state, p.kept, nullptr, p.tape, p.dP, nullptr, p.dstate};
}

// (B, Qp) the final h of every direction, side by side
template <class T>
const T* BatchRun<T>::final_states() {
    const LayerRun<T>& run = top();
    T* const final = arena_.zeros<T>(batch_.B * run.Qp);
    for (Index i = 0; i < batch_.B; ++i)
        for (int d = 0; d < t_.n_directions; ++d) {
            const DirectionRun<T>& way = run.directions[d];
            std::memcpy(final + i * run.Qp + d * way.layer.H, way.state[0] + i * way.Hp, way.layer.H * sizeof(T));
        }
    return final;
}

template <class T>
void BatchRun<T>::pool(const WindowRun<T>& w) {
    const Index Q = top().Q, Qp = top().Qp, skip = w.steps.offsets[w.first];
    for (int k = 0; k < t_.n_poolings; ++k) {
        PoolingRun<T>& p = poolings_[k];
        const Index rows = p.twin->state_rows;
        // an output after the last step: the last row of the reverse direction is that after its first step
        p.reads_final_states = t_.n_directions > 1 && !rows && w.steps.T - w.first == 1;
        p.tape = p.twin->has_tape ? arena_.take<T>(w.N() * Qp) : nullptr;
        Pooled<T> of = pooled(w, p);
        if (rows) p.P = of.P = arena_.take<T>(w.n_read * Qp);
        if (!rows) p.P = p.reads_final_states ? final_states() : top().H + skip * Qp;
        p.twin->forward(of);
        if (rows && w.keep >= 0) std::swap(p.state, p.kept);
        if (!t_.has_masks) continue;
        T* const masked = arena_.zeros<T>(w.n_read * Qp);
        w.over_rows(w.first, [&](Index i, Index r) {
            multiply(p.P + (r - skip) * Qp, top().mask + (i * t_.n_poolings + k) * Q, Q, masked + (r - skip) * Qp);
        });
        p.P = masked;
    }
}

template <class T>
void BatchRun<T>::read_out_forward(WindowRun<T>& w) {
    const ReadOut<T>& kernels = read_out<T>(*t_.build);
    const Index Q = top().Q, K = t_.K;
    w.raw = arena_.take<T>(w.n_read * Kp_);
    w.draw = arena_.take<T>(w.n_read * Kp_);
    for (Index r = 0; r < w.n_read; ++r) {
        std::memcpy(w.raw + r * Kp_, t_.b, K * sizeof(T));
        std::memset(w.raw + r * Kp_ + K, 0, (Kp_ - K) * sizeof(T));
        std::memset(w.draw + r * Kp_ + K, 0, (Kp_ - K) * sizeof(T));
    }
    for (int k = 0; k < t_.n_poolings; ++k) {
        const PoolingRun<T>& p = poolings_[k];
        if (!is_packed_) kernels.pack(as<T>(t_.W) + k * Q * K, Q, K, p.to_go_forward, p.to_go_back);
        kernels.forward(p.P, p.to_go_forward, Q, K, w.n_read, w.raw);
    }
    is_packed_ = true;
}

// Carry the state from step ``at`` to step ``to``, forward only, in windows of bounded memory.
template <class T>
Outcome BatchRun<T>::advance(Index at, Index to) {
    for (; at < to; at = std::min(at + MOST_STEPS, to)) {
        const Arena::Mark mark = arena_.mark();
        const Index stop = std::min(at + MOST_STEPS, to);
        WindowRun<T> w;
        if (const Outcome outcome = read_window(&w, at, stop, stop, stop)) return outcome;
        forward(w, false);
        arena_.rewind(mark);
    }
    return UPDATED;
}

// The states after the last steps, to where they are wanted.
template <class T>
void BatchRun<T>::leave_states() {
    for (Index k = 0; k < t_.n_layers; ++k)
        for (int s = 0; s < layers_[k].directions[0].n_states; ++s) {
            const DirectionRun<T>& run = layers_[k].directions[0];
            T* const ends = as<T>(t_.layers[k].ends[s]);
            for (Index i = 0; ends && i < batch_.B; ++i)
                std::memcpy(ends + batch_.rows[i] * run.layer.H, run.state[s] + i * run.Hp, run.layer.H * sizeof(T));
        }
}

// --- losses, and backward -----------------------------------------------------------------------------

template <class T>
Outcome BatchRun<T>::losses(const WindowRun<T>& w, Totals* totals) {
    const LossInfo& info = loss_info(t_.loss);
    const LossFunction<T> value_and_gradient = loss_function<T>(t_.loss);
    const Index K = t_.K, columns = t_.data.y_columns;
    T* y;
    if (!read_targets(w, &y)) return ERROR_OF_PYTHON;
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

// Gradient of the rows of the top layer at the steps from ``first`` on; null: none
template <class T>
const T* BatchRun<T>::read_out_backward(const WindowRun<T>& w, Index* first) {
    const ReadOut<T>& kernels = read_out<T>(*t_.build);
    const Index Q = top().Q, Qp = top().Qp, K = t_.K, skip = w.steps.offsets[w.first];
    kernels.gradient(nullptr, w.draw, 1, K, w.n_read, scratch_, as<T>(t_.db));
    T* const dH = reads_H() ? nullptr : arena_.zeros<T>(w.N() * Qp);
    for (int k = 0; k < t_.n_poolings; ++k) {
        PoolingRun<T>& p = poolings_[k];
        kernels.gradient(p.P, w.draw, Q, K, w.n_read, scratch_, as<T>(t_.dW) + k * Q * K);
        p.dP = arena_.take<T>(w.n_read * Qp);
        kernels.backward(w.draw, p.to_go_back, Q, K, w.n_read, p.dP);
        if (t_.has_masks)
            w.over_rows(w.first, [&](Index i, Index r) {
                T* const dP = p.dP + (r - skip) * Qp;
                multiply(dP, top().mask + (i * t_.n_poolings + k) * Q, Q, dP);
            });
        if (p.reads_final_states) gradient_of_final_states(p);
        if (!dH || p.reads_final_states) continue;
        if (p.dstate) std::memset(p.dstate, 0, batch_.B * Qp * sizeof(T));
        Pooled<T> of = pooled(w, p);
        of.dH = dH;
        p.twin->backward(of);
    }
    *first = dH ? 0 : w.first;
    return dH ? dH : poolings_[0].dP;
}

template <class T>
void BatchRun<T>::gradient_of_final_states(const PoolingRun<T>& p) {
    for (int d = 0; d < t_.n_directions; ++d) {
        DirectionRun<T>& run = top().directions[d];
        for (Index i = 0; i < batch_.B; ++i)
            for (Index j = 0; j < run.layer.H; ++j)
                run.dstate[0][i * run.Hp + j] += p.dP[i * top().Qp + d * run.layer.H + j];
    }
}

template <class T>
void BatchRun<T>::direction_backward(Index k, int d, const WindowRun<T>& w, const T* dH, Index first) {
    LayerRun<T>& of = layers_[k];
    DirectionRun<T>& run = of.directions[d];
    if (!run.tape) run.tape = arena_.take<T>(w.N() * run.Hp * cell_info(run.layer.cell).slots);
    if (!run.is_packed_backward) pack_backward(run.layer, run.to_go_back);
    run.is_packed_backward = true;
    run.dX = k || t_.table ? arena_.take<T>(w.N() * padded<T>(*t_.build, of.D)) : nullptr;
    Window window = {w.steps, of.X, of.X_stride, t_.n_threads};
    window.steps.reverse = d > 0;
    const Outputs outputs = run.outputs(run.initial, -1);
    const Inputs inputs = {dH + d * run.layer.H, of.Qp, first, {run.dstate[0], run.dstate[1]}, run.dX};
    backward_packed(run.layer, window, outputs, inputs, run.to_go_back, run.direct);
    gradient_in(run.layer, window, outputs, t_.layers[k].gradients[d], run.scratch);
}

// Gradient of what the layer reads, (N, D) filled up to whole registers
template <class T>
const T* BatchRun<T>::layer_backward(Index k, const WindowRun<T>& w, const T* dH, Index first) {
    for (int d = 0; d < t_.n_directions; ++d) direction_backward(k, d, w, dH, first);
    T* const dX = layers_[k].directions[0].dX;
    if (!dX) return nullptr;
    const Index Dp = padded<T>(*t_.build, layers_[k].D);
    for (int d = 1; d < t_.n_directions; ++d)
        for (Index j = 0; j < w.N() * Dp; ++j) dX[j] += layers_[k].directions[d].dX[j];
    if (k && t_.has_masks)
        w.over_rows(0, [&](Index i, Index r) {
            multiply(dX + r * Dp, layers_[k - 1].mask + i * layers_[k].D, layers_[k].D, dX + r * Dp);
        });
    return dX;
}

template <class T>
void BatchRun<T>::table_gradient(const WindowRun<T>& w, const T* dX) {
    const Index F = t_.F, Fp = padded<T>(*t_.build, F);
    for (Index r = 0; r < w.N(); ++r) {
        if (w.tokens[r] < 0) continue;
        if (is_late()) t_.late->has_gradient(w.tokens[r]);
        T* const row = as<T>(t_.dtable) + w.tokens[r] * F;
        for (Index j = 0; j < F; ++j) row[j] += dX[r * Fp + j];
    }
}

template <class T>
void BatchRun<T>::backward(const WindowRun<T>& w) {
    // no loss looks at the states after the last step, but through the read-out
    for (Index k = 0; k < t_.n_layers; ++k)
        for (DirectionRun<T>& run : layers_[k].directions)
            for (int s = 0; s < 2; ++s)
                if (run.dstate[s]) std::memset(run.dstate[s], 0, batch_.B * run.Hp * sizeof(T));
    Index first;
    const T* dH = read_out_backward(w, &first);
    for (Index k = t_.n_layers - 1; k >= 0; --k) {
        dH = layer_backward(k, w, dH, first);
        first = 0;
    }
    if (t_.table) table_gradient(w, dH);
}

// --- updates ------------------------------------------------------------------------------------------

template <class T>
Outcome BatchRun<T>::update(double scale, double relative_weight, Totals* totals) {
    if (!t_.updates) return UPDATED;
    const double share = t_.rule.mean > 0 ? batch_.W / t_.rule.mean : 1;
    UpdateFacts facts = {};
    const Gathered gathered = {scale, batch_.S, share, relative_weight, totals->loss};
    const Outcome outcome = run_update(*t_.build, t_.vectors, t_.rule, gathered, &facts, t_.late);
    if (outcome != UPDATED) return outcome;
    for (Index k = 0; k < t_.n_layers; ++k)
        for (DirectionRun<T>& run : layers_[k].directions) run.is_packed_forward = run.is_packed_backward = false;
    is_packed_ = false;
    totals->norms[totals->n_updates++ % N_NORMS] = facts.norm;
    totals->n_clipped += facts.clipped;
    totals->penalty += facts.penalty * share;
    totals->norm_sum += facts.norm;
    return draw_masks() && look_around() ? UPDATED : ERROR_OF_PYTHON;
}

template <class T>
bool BatchRun<T>::look_around() {
    const auto now = std::chrono::steady_clock::now();
    if (now - looked_ < PATIENCE) return true;
    looked_ = now;
    return t_.callbacks.look_around(t_.callbacks.python);
}

// ``at``: the step that the state has come to.
template <class T>
Outcome BatchRun<T>::over_windows(Plan plan, Index n_updates, Totals* totals, Index* at) {
    Index since = -1;
    Span span, following;
    for (bool there = plan.next(&span); there;) {
        const bool more = plan.next(&following);
        if (since < 0) since = span.first;
        const Arena::Mark mark = arena_.mark();
        if (const Outcome outcome = advance(*at, span.start)) return outcome;
        // what is kept is the state at the start of the next window
        *at = more ? std::min(following.start, span.end) : span.end;
        WindowRun<T> w;
        if (const Outcome outcome = read_window(&w, span.start, span.first, span.end, *at)) return outcome;
        forward(w, true);
        read_out_forward(w);
        if (const Outcome outcome = losses(w, totals)) return outcome;
        backward(w);
        if (span.update) {
            const double relative_weight = batch_.relative_weight(since, span.end);
            if (const Outcome outcome = update(double(n_updates) / batch_.W, relative_weight, totals)) return outcome;
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
    Index at = 0;
    begin();
    if (!draw_masks()) return ERROR_OF_PYTHON;
    if (batch_.W > 0) {  // else only the states move on
        if ((k1 > 0 && k1 < batch_.T) || (k2 > 0 && k2 < batch_.T)) batch_.weigh_steps(arena_);
        Plan plan(batch_, k1, k2, chunk_);
        const Index n_updates = plan.n_updates();
        if (const Outcome outcome = over_windows(plan, n_updates, totals, &at)) return outcome;
    }
    totals->W += batch_.W;
    if (!t_.layers[0].ends[0] || !t_.updates) return UPDATED;
    if (const Outcome outcome = advance(at, batch_.T)) return outcome;
    leave_states();
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
