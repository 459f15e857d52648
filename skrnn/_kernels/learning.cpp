#include "learning.hpp"

#include "erased.hpp"
#include "losses.hpp"

namespace skrnn {

namespace {

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
void outputs(const OnlineLearner& o) {
    const Index Hp = padded<T>(*o.layer.build, o.layer.H), K = o.K;
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
    const Index columns = loss_info(o.loss).single ? 1 : o.K;
    double sum = 0;
    for (Index i = 0; i < o.rows; ++i, y += columns) {
        T* const draw = as<T>(o.draw) + i * o.K;
        const T value = loss_function<T>(o.loss)(y, as<T>(o.raw) + i * o.K, o.K, o.options, draw);
        const double factor = o.class_factors ? o.class_factors[Index(y[0])] : 1;
        sum += value * factor;
        if (o.class_factors)
            for (Index k = 0; k < o.K; ++k) draw[k] *= T(factor);
    }
    return sum;
}

// dh of all rows, and the gradient of the read-out
template <class T>
void outputs_backward(const OnlineLearner& o) {
    const Index Hp = padded<T>(*o.layer.build, o.layer.H), K = o.K;
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
    const Kernel<T>& k = kernel<T>(o.layer);
    k.online_step(online<T>(o, nullptr));
    outputs<T>(o);
    if (!y) {
        k.influences[o.influence].advance(online<T>(o, nullptr));
        return 0;
    }
    const double loss = loss_and_gradient<T>(o, y);
    outputs_backward<T>(o);
    k.influences[o.influence].advance(online<T>(o, as<T>(o.dh)));
    return loss;
}

template <class T>
OnlineNumbers numbers(const Layer& layer, int influence) {
    const Kernel<T>& k = kernel<T>(layer);
    const Influence<T>& J = k.influences[influence];
    return {J.size(layer.D, layer.H), J.flat_size(layer.D, layer.H), k.slopes_size(layer.D, layer.H),
            J.scratch_size(layer.D, layer.H)};
}

}  // namespace

int n_influences() { return baseline_build.n_influences; }
const char* influence_name(int influence) { return baseline_build.influences[influence]; }

OnlineNumbers numbers_of(const Layer& l, int influence) {
    return l.is_double ? numbers<double>(l, influence) : numbers<float>(l, influence);
}

namespace {

template <class T>
void get(const OnlineLearner& o, Index row, T* flat) {
    const Influence<T>& J = kernel<T>(o.layer).influences[o.influence];
    J.get(as<T>(o.J) + row * J.size(o.layer.D, o.layer.H), flat, o.layer.D, o.layer.H);
}

template <class T>
void set(const OnlineLearner& o, Index row, const T* flat) {
    const Influence<T>& J = kernel<T>(o.layer).influences[o.influence];
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

}  // namespace skrnn
