#include "learning.hpp"

#include <cmath>
#include <limits>

#include "losses.hpp"

namespace skrnn {

namespace {

template <class T>
using LossFunction = T (*)(const T* y, const T* raw, Index K, const double* options, T* draw);

#define SKRNN_LOSS_INFO(name, Loss) {#name, Loss<float>::single, Loss<float>::n_options},
#define SKRNN_LOSS(name, Loss) Loss<T>::value_and_gradient,

constexpr LossInfo loss_infos[] = {SKRNN_LOSSES(SKRNN_LOSS_INFO)};
template <class T>
constexpr LossFunction<T> losses[] = {SKRNN_LOSSES(SKRNN_LOSS)};

const Kernel<float>& kernel(const Layer& layer, float) { return layer.build->float32[layer.cell]; }
const Kernel<double>& kernel(const Layer& layer, double) { return layer.build->float64[layer.cell]; }

template <class T>
T* as(void* p) {
    return static_cast<T*>(p);
}

template <class T>
const T* as(const void* p) {
    return static_cast<const T*>(p);
}

template <class T>
Index padded(const Layer& layer) {
    const Index L = lanes(*layer.build, layer.is_double);
    return (layer.H + L - 1) / L * L;
}

template <class T>
Online<T> online(const OnlineLearner& o, const T* dh) {
    return {o.layer.D,
            o.layer.H,
            o.rows,
            as<T>(o.layer.W_x),
            as<T>(o.layer.W_h),
            as<T>(o.layer.b_x),
            as<T>(o.layer.b_h),
            as<T>(o.x),
            {as<T>(o.state[0]), as<T>(o.state[1])},
            as<T>(o.J),
            as<T>(o.slopes),
            as<T>(o.scratch),
            dh,
            as<T>(o.gradients[0]),
            as<T>(o.gradients[1]),
            as<T>(o.gradients[2]),
            as<T>(o.gradients[3])};
}

template <class T>
void read_out(const OnlineLearner& o) {
    const Index Hp = padded<T>(o.layer), K = o.K;
    const T *const W = as<T>(o.W), *const b = as<T>(o.b);
    for (Index i = 0; i < o.rows; ++i) {
        const T* const h = as<T>(o.state[0]) + i * Hp;
        T* const raw = as<T>(o.raw) + i * K;
        for (Index k = 0; k < K; ++k) raw[k] = b[k];
        for (Index j = 0; j < o.layer.H; ++j)
            for (Index k = 0; k < K; ++k) raw[k] += h[j] * W[j * K + k];
    }
}

// draw of all rows; the sum of their losses
template <class T>
double loss_and_gradient(const OnlineLearner& o, const T* y) {
    const Index columns = loss_infos[o.loss].single ? 1 : o.K;
    double sum = 0;
    for (Index i = 0; i < o.rows; ++i, y += columns) {
        T* const draw = as<T>(o.draw) + i * o.K;
        const T value = losses<T>[o.loss](y, as<T>(o.raw) + i * o.K, o.K, o.options, draw);
        const double factor = o.class_factors ? o.class_factors[Index(y[0])] : 1;
        sum += value * factor;
        if (o.class_factors)
            for (Index k = 0; k < o.K; ++k) draw[k] *= T(factor);
    }
    return sum;
}

// dh of all rows, and the gradient of the read-out
template <class T>
void read_out_backward(const OnlineLearner& o) {
    const Index Hp = padded<T>(o.layer), K = o.K;
    T *const dW = as<T>(o.gradients[4]), *const db = as<T>(o.gradients[5]);
    for (Index i = 0; i < o.rows; ++i) {
        const T *const h = as<T>(o.state[0]) + i * Hp, *const draw = as<T>(o.draw) + i * K;
        T* const dh = as<T>(o.dh) + i * Hp;
        for (Index k = 0; k < K; ++k) db[k] += draw[k];
        for (Index j = 0; j < o.layer.H; ++j) {
            T sum = 0;
            for (Index k = 0; k < K; ++k) {
                sum += draw[k] * as<T>(o.W)[j * K + k];
                dW[j * K + k] += h[j] * draw[k];
            }
            dh[j] = sum;
        }
        for (Index j = o.layer.H; j < Hp; ++j) dh[j] = 0;
    }
}

template <class T>
double row(const OnlineLearner& o, const T* y) {
    const Kernel<T>& k = kernel(o.layer, T());
    k.online_step(online<T>(o, nullptr));
    read_out<T>(o);
    if (!y) {
        k.influences[o.influence].advance(online<T>(o, nullptr));
        return 0;
    }
    const double loss = loss_and_gradient<T>(o, y);
    read_out_backward<T>(o);
    k.influences[o.influence].advance(online<T>(o, as<T>(o.dh)));
    return loss;
}

template <class T>
OnlineNumbers numbers(const Layer& layer, int influence) {
    const Kernel<T>& k = kernel(layer, T());
    const Influence<T>& J = k.influences[influence];
    return {J.size(layer.D, layer.H), J.flat_size(layer.D, layer.H), k.slopes_size(layer.D, layer.H),
            J.scratch_size(layer.D, layer.H)};
}

// Euclidean norm and largest entry of g
template <class T>
double norm(const T* g, Index n, double* largest) {
    T top = 0;
    double squares = 0;
    for (Index k = 0; k < n; ++k) {
        const T size = std::abs(g[k]);
        top = size <= top ? top : size;  // a NaN stays
        if (!(top <= std::numeric_limits<T>::max())) break;
    }
    *largest = top;
    if (!(top <= std::numeric_limits<T>::max())) return top;
    for (Index k = 0; k < n && top > 0; ++k) squares += double(g[k] / top) * double(g[k] / top);
    return double(top) * std::sqrt(squares);
}

template <class T>
Outcome update(const Build& build, const Vectors& v, const UpdateRule& rule, double loss) {
    T* const g = as<T>(v.g);
    double penalty, largest;
    const double squares = gather(build, v, rule.matrices, rule.scale, rule.decay, &penalty);
    penalty *= 0.5 * rule.decay;
    double g_norm = std::isfinite(squares) ? std::sqrt(squares) : norm(g, v.n, &largest);
    if (!std::isfinite(loss + penalty)) return LOSS_NOT_FINITE;
    if (!std::isfinite(g_norm)) return GRADIENT_NOT_FINITE;
    // of a longer gradient the squares that solvers remember overflow
    const double longest = std::sqrt(double(std::numeric_limits<T>::max()));
    const bool is_long = g_norm > longest;
    if (std::isfinite(rule.clip_value) && (norm(g, v.n, &largest), largest > rule.clip_value)) {
        const T top = T(rule.clip_value);
        for (Index k = 0; k < v.n; ++k) g[k] = g[k] > top ? top : g[k] < -top ? -top : g[k];
        g_norm = norm(g, v.n, &largest);
    }
    double shrink = 1;
    if (std::isfinite(rule.clip_norm)) {
        shrink = rule.clip_norm / (g_norm + 1e-6);  // the 1e-6 is torch's
        shrink = shrink < 1 ? shrink : 1;
    }
    if (is_long && g_norm * shrink > longest) return GRADIENT_NOT_FINITE;
    step(build, v, rule.solver, shrink, rule.coefficients);
    return UPDATED;
}

}  // namespace

int n_influences() { return baseline_build.n_influences; }
const char* influence_name(int influence) { return baseline_build.influences[influence]; }
int n_losses() { return sizeof(loss_infos) / sizeof(loss_infos[0]); }
const LossInfo& loss_info(int loss) { return loss_infos[loss]; }

OnlineNumbers numbers_of(const Layer& l, int influence) {
    return l.is_double ? numbers<double>(l, influence) : numbers<float>(l, influence);
}

namespace {

template <class T>
void get(const OnlineLearner& o, Index row, T* flat) {
    const Influence<T>& J = kernel(o.layer, T()).influences[o.influence];
    J.get(as<T>(o.J) + row * J.size(o.layer.D, o.layer.H), flat, o.layer.D, o.layer.H);
}

template <class T>
void set(const OnlineLearner& o, Index row, const T* flat) {
    const Influence<T>& J = kernel(o.layer, T()).influences[o.influence];
    J.set(as<T>(o.J) + row * J.size(o.layer.D, o.layer.H), flat, o.layer.D, o.layer.H);
}

}  // namespace

void get_influence(const OnlineLearner& o, Index row, void* flat) {
    o.layer.is_double ? get(o, row, as<double>(flat)) : get(o, row, as<float>(flat));
}

void set_influence(const OnlineLearner& o, Index row, const void* flat) {
    o.layer.is_double ? set(o, row, as<double>(flat)) : set(o, row, as<float>(flat));
}

double run_row(const OnlineLearner& o, const void* y) {
    return o.layer.is_double ? row<double>(o, as<double>(y)) : row<float>(o, as<float>(y));
}

Outcome run_update(const Build& build, const Vectors& v, const UpdateRule& rule, double loss) {
    return v.is_double ? update<double>(build, v, rule, loss) : update<float>(build, v, rule, loss);
}

}  // namespace skrnn
