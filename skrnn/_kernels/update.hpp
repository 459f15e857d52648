// One update of all weights, elementwise: the compiled twin of skrnn/solvers.py. P numbers in each array.
//
// To add a solver: one struct here as ``SolverInfo`` (kernels.hpp) describes it, with ``step``, its line in the list
// below the structs, and the names of its options in __init__.py. A step must leave a number alone whose gradient and
// memory are zero (late_rows.hpp).

#pragma once

#include "kernels.hpp"
#include "vector.hpp"

namespace skrnn {
namespace SKRNN_ISA {

template <class T>
SKRNN_INLINE double sum_of_lanes(Vector<T> v) {
    double sum = 0;
    for (int j = 0; j < Simd<T>::lanes; ++j) sum += v[j];
    return sum;
}

// g <- scale g + decay theta, the second for the first ``matrices`` numbers only; returns |g|^2 and, in
// ``penalty``, |theta|^2 of those. The order of the sums is fixed: lanes side by side, blocks one after the other.
// ``parts`` are in order and begin at whole registers; where they leave out zeros of g behind ``matrices``, the sums are
// those over all numbers.
template <class T>
double gather(T* g, const T* theta, const Part* parts, Index n_parts, Index matrices, T scale, T decay,
              double* penalty) {
    const FlushDenormals mode;
    constexpr Index L = Simd<T>::lanes, block = 64 * L;
    double g2 = 0, w2 = 0;
    Vector<T> g2_block = zero<T>(), w2_block = zero<T>();
    const auto end_block = [&] {
        g2 += sum_of_lanes<T>(g2_block);
        w2 += sum_of_lanes<T>(w2_block);
        g2_block = w2_block = zero<T>();
    };
    Index end = 0;  // of the block
    for (Index part = 0; part < n_parts; ++part) {
        for (Index first = parts[part].first, last; first < parts[part].last; first = last) {
            if (first >= end) {
                end_block();
                end = (first / block + 1) * block;
            }
            last = smaller(end, parts[part].last);
            for (Index k = first; k < last; k += L) {
                const bool whole = k + L <= last;
                Vector<T> w = whole ? load(theta + k) : load_first(theta + k, last - k);
                Vector<T> v = whole ? load(g + k) : load_first(g + k, last - k);
                if (k + L > matrices)
                    for (Index j = k < matrices ? matrices - k : 0; j < L; ++j) w[j] = 0;
                v = v * scale + w * decay;
                g2_block += v * v;
                w2_block += w * w;
                if (whole) {
                    store(g + k, v);
                } else {
                    for (Index j = 0; j < last - k; ++j) g[k + j] = v[j];
                }
            }
        }
    }
    end_block();
    *penalty = w2;
    return g2;
}

template <class T>
SKRNN_INLINE T root(T x);
template <>
SKRNN_INLINE float root(float x) {
    return __builtin_sqrtf(x);
}
template <>
SKRNN_INLINE double root(double x) {
    return __builtin_sqrt(x);
}

template <class T>
struct Sgd {  // options: rate, momentum, whether it is Nesterov's; c: momentum, rate of g, rate of v
    static constexpr int slots = 1, n_options = 3;
    static constexpr bool divides = false;
    static void coefficients(const double* options, double, double, double* c) {
        const double rate = options[0], momentum = options[1];
        c[0] = momentum;
        c[1] = options[2] ? rate : 0;
        c[2] = options[2] ? rate * momentum : rate;
    }
    static SKRNN_INLINE T step(T theta, T g, T& v, T&, const T* c) {
        v = c[0] * v + g;
        return theta - (c[1] * g + c[2] * v);
    }
};

template <class T>
struct Adam {  // options: rate, beta_1, beta_2, epsilon
    // c: beta_1, 1 - beta_1, beta_2, 1 - beta_2, epsilon, rate / (1 - beta_1^t), (1 - beta_2^t)^-1/2
    static constexpr int slots = 2, n_options = 4;
    static constexpr bool divides = true;
    static void coefficients(const double* options, double t, double share, double* c) {
        const double rate = options[0], beta_1 = options[1], beta_2 = options[2];
        c[0] = beta_1;
        c[1] = (1 - beta_1) * share;
        c[2] = beta_2;
        c[3] = 1 - beta_2;
        c[4] = options[3];
        c[5] = rate * (1 / (1 - __builtin_pow(beta_1, t)));
        c[6] = __builtin_sqrt(1 / (1 - __builtin_pow(beta_2, t)));
    }
    static SKRNN_INLINE T step(T theta, T g, T& m, T& v, const T* c) {
        m = c[0] * m + c[1] * g;
        v = c[2] * v + c[3] * (g * g);
        return theta - c[5] * m / (root(v) * c[6] + c[4]);
    }
};

template <class T>
struct RmsProp {  // options: rate, beta_2, epsilon; c: beta_2, 1 - beta_2, epsilon, rate
    static constexpr int slots = 1, n_options = 3;
    static constexpr bool divides = true;
    static void coefficients(const double* options, double, double share, double* c) {
        c[0] = options[1];
        c[1] = 1 - options[1];
        c[2] = options[2];
        c[3] = options[0] * share;
    }
    static SKRNN_INLINE T step(T theta, T g, T& v, T&, const T* c) {
        v = c[0] * v + c[1] * (g * g);
        return theta - c[3] * g / (root(v) + c[2]);
    }
};

// Every solver: the name that __init__.py gives it, and its struct.
#define SKRNN_SOLVERS(SOLVER) \
    SOLVER(sgd, Sgd)          \
    SOLVER(adam, Adam)        \
    SOLVER(rmsprop, RmsProp)

// One step; what was there before goes into ``theta_before`` and ``memory_before``, and g is emptied.
template <class Solver, class T>
void step(const Update<T>& u) {
    const FlushDenormals mode;
    T* __restrict theta = u.theta;
    T* __restrict g = u.g;
    T* __restrict first = u.memory;
    T* __restrict second = Solver::slots > 1 ? u.memory + u.stride : nullptr;
    T c[COEFFICIENTS];
    for (int j = 0; j < COEFFICIENTS; ++j) c[j] = u.coefficients[j];
    __builtin_memcpy(u.theta_before, theta, u.n * sizeof(T));
    for (int s = 0; s < Solver::slots; ++s)
        __builtin_memcpy(u.memory_before + s * u.stride, first + s * u.stride, u.n * sizeof(T));
    T unused = 0;
    for (Index k = 0; k < u.n; ++k)
        theta[k] = Solver::step(theta[k], g[k] * u.shrink, first[k], Solver::slots > 1 ? second[k] : unused, c);
    __builtin_memset(g, 0, u.n * sizeof(T));
}

// Several steps along a gradient of zeros, which leave numbers alone whose memory is zero, too.
template <class Solver, class T>
void catch_up(const Missed<T>& u) {
    const FlushDenormals mode;
    T* __restrict theta = u.theta;
    T* __restrict first = u.memory;
    T* __restrict second = Solver::slots > 1 ? u.memory + u.stride : nullptr;
    T unused = 0;
    for (Index i = 0; i < u.n_steps; ++i) {
        T c[COEFFICIENTS];
        for (int j = 0; j < COEFFICIENTS; ++j) c[j] = T(u.coefficients[i * COEFFICIENTS + j]);
        for (Index k = 0; k < u.n; ++k)
            theta[k] = Solver::step(theta[k], u.g, first[k], Solver::slots > 1 ? second[k] : unused, c);
    }
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
