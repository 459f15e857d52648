// The losses of one row, value and gradient together: the compiled twin of skrnn/losses.py, where the formulas are
// explained. Scalar, as a row has few outputs; for files that are compiled once, not for each level.
//
//     value_and_gradient(y, raw, K, options, draw)    raw, draw (K,); y (K,), or (1,) of a ``single`` loss
//
// ``options`` are what the loss takes of the parameters: ``n_options`` numbers, as many as outputs for -1.
//
// To add a loss: one struct and its line in the list at the end, and its options in _LOSSES of __init__.py.

#pragma once

#include <cmath>
#include <limits>

#include "kernels.hpp"

namespace skrnn {

template <class T>
T sigmoid(T x) {
    const T e = std::exp(-std::abs(x));
    return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

template <class T>
T softplus(T x) {  // log(1 + exp(x))
    return (x < 0 ? T(0) : x) + std::log1p(std::exp(-std::abs(x)));
}

template <class T>
struct SquaredError {
    static constexpr bool single = false;
    static constexpr int n_options = 0;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double*, T* draw) {
        T value = 0;
        for (Index k = 0; k < K; ++k) {
            draw[k] = raw[k] - y[k];
            value += draw[k] * draw[k];
        }
        return T(0.5) * value;
    }
};

template <class T>
struct AbsoluteError {
    static constexpr bool single = false;
    static constexpr int n_options = 0;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double*, T* draw) {
        T value = 0;
        for (Index k = 0; k < K; ++k) {
            const T error = raw[k] - y[k];
            draw[k] = error > 0 ? T(1) : error < 0 ? T(-1) : error;  // what is no number stays none
            value += std::abs(error);
        }
        return value;
    }
};

template <class T>
struct HuberLoss {  // options: delta
    static constexpr bool single = false;
    static constexpr int n_options = 1;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double* options, T* draw) {
        constexpr double largest = std::numeric_limits<T>::max();
        const T delta = T(options[0] < largest ? options[0] : largest);
        T value = 0;
        for (Index k = 0; k < K; ++k) {
            const T error = raw[k] - y[k];
            draw[k] = error > delta ? delta : error < -delta ? -delta : error;
            const T linear = std::abs(draw[k]);
            value += linear * (std::abs(error) - T(0.5) * linear);
        }
        return value;
    }
};

template <class T>
struct PoissonDeviance {
    static constexpr bool single = false;
    static constexpr int n_options = 0;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double*, T* draw) {
        T value = 0;
        for (Index k = 0; k < K; ++k) {
            const T rate = std::exp(raw[k]);
            draw[k] = rate - y[k];
            if (y[k] > 0) {
                const T error = raw[k] - std::log(y[k]);
                value += error < 1 ? y[k] * (std::expm1(error) - error) : draw[k] - y[k] * error;
            } else {
                value += draw[k];
            }
        }
        return value;
    }
};

template <class T>
T pinball_gradient(T error, T tau) {
    return error > 0 ? -tau : error < 0 ? 1 - tau : T(0);
}

template <class T>
struct PinballLoss {  // options: tau
    static constexpr bool single = false;
    static constexpr int n_options = 1;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double* options, T* draw) {
        T value = 0;
        for (Index k = 0; k < K; ++k) {
            const T error = y[k] - raw[k];
            draw[k] = pinball_gradient(error, T(options[0]));
            value += -draw[k] * error;
        }
        return value;
    }
};

template <class T>
struct PinballLosses {  // options: tau of every quantile
    static constexpr bool single = true;
    static constexpr int n_options = -1;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double* options, T* draw) {
        T value = 0, q = 0, sum = 0;
        for (Index k = 0; k < K; ++k) {
            q = k ? q + softplus(raw[k]) : raw[0];
            const T error = y[0] - q;
            draw[k] = pinball_gradient(error, T(options[k]));
            value += -draw[k] * error;
        }
        for (Index k = K - 1; k >= 0; --k) {  // every quantile from k on moves with x_k
            sum += draw[k];
            draw[k] = k ? sum * sigmoid(raw[k]) : sum;
        }
        return value;
    }
};

template <class T>
struct BinomialLogLoss {
    static constexpr bool single = false;
    static constexpr int n_options = 0;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double*, T* draw) {
        T value = 0;
        for (Index k = 0; k < K; ++k) {
            const T sign = 1 - 2 * y[k], s = sign * raw[k];
            value += softplus(s);
            draw[k] = sign * sigmoid(s);
        }
        return value;
    }
};

template <class T>
struct MultinomialLogLoss {  // y: the number of a class, 0 to K - 1
    static constexpr bool single = true;
    static constexpr int n_options = 0;
    static T value_and_gradient(const T* y, const T* raw, Index K, const double*, T* draw) {
        const Index label = Index(y[0]);
        T top = raw[0], total = 0;
        for (Index k = 1; k < K; ++k) top = raw[k] > top ? raw[k] : top;
        for (Index k = 0; k < K; ++k) total += draw[k] = std::exp(raw[k] - top);
        for (Index k = 0; k < K; ++k) draw[k] /= total;
        draw[label] -= 1;
        return std::log(total) - (raw[label] - top);
    }
};

// Every loss: the name that __init__.py gives it, and its struct.
#define SKRNN_LOSSES(LOSS)                    \
    LOSS(squared_error, SquaredError)         \
    LOSS(absolute_error, AbsoluteError)       \
    LOSS(huber, HuberLoss)                    \
    LOSS(poisson, PoissonDeviance)            \
    LOSS(quantile, PinballLoss)               \
    LOSS(quantiles, PinballLosses)            \
    LOSS(binomial_log_loss, BinomialLogLoss)  \
    LOSS(multinomial_log_loss, MultinomialLogLoss)

template <template <class> class Loss>
constexpr bool reads_labels = false;
template <>
constexpr bool reads_labels<MultinomialLogLoss> = true;

struct LossInfo {
    const char* name;
    bool single;    // one number of y for each row, not one for each output
    int n_options;  // -1: as many as outputs
    bool labels;    // y are numbers of outputs
};

int n_losses();
const LossInfo& loss_info(int loss);

template <class T>
using LossFunction = T (*)(const T* y, const T* raw, Index K, const double* options, T* draw);

template <class T>
LossFunction<T> loss_function(int loss);

}  // namespace skrnn
