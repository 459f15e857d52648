// What the read-out sees of the top layer: the compiled twin of skrnn/_engine/pooling.py.
//
// Shapes: a packed window of T steps and N rows, B sequences, rows of ``Hp`` numbers. A pooling's state is
// ``state_rows`` rows for each sequence, before the window in, after it out; the state before step ``keep`` goes into
// ``kept``. ``P`` and ``dP`` hold the rows of the steps from ``first`` on, ``dH`` those of all steps, and is added to.
// ``tape`` is N rows that forward leaves for backward.
//
// To add a pooling: one struct and its line in the list at the end, and its name in _POOLINGS of __init__.py.

#pragma once

#include <cstring>
#include <limits>

#include "kernels.hpp"

namespace skrnn {

template <class T>
struct Pooled {
    Steps steps;
    Index first, keep, Hp;
    const T* H;
    T *state, *kept;  // (B, state_rows Hp)
    T *P, *tape;
    const T* dP;
    T *dH, *dstate;  // dstate: (B, Hp) zeros, scratch of backward

    Index skip() const { return steps.offsets[first]; }
    // f(step, sequence, packed row) over all rows, step after step
    template <class F>
    void in_order(const F& f) const {
        for (Index t = 0; t < steps.T; ++t)
            for (Index i = 0; i < steps.n[t]; ++i) f(t, i, steps.offsets[t] + i);
    }
    template <class F>
    void in_reverse(const F& f) const {
        for (Index t = steps.T - 1; t >= 0; --t)
            for (Index i = 0; i < steps.n[t]; ++i) f(t, i, steps.offsets[t] + i);
    }
    void keep_state(Index rows) const { std::memcpy(kept, state, steps.B * rows * Hp * sizeof(T)); }
};

template <class T>
struct Last {
    static constexpr Index state_rows = 0;
    static constexpr bool has_tape = false;
    static void forward(const Pooled<T>&) {}  // P are rows of H themselves
    static void backward(const Pooled<T>& w) {
        const Index n = (w.steps.offsets[w.steps.T] - w.skip()) * w.Hp;
        T* const dH = w.dH + w.skip() * w.Hp;
        for (Index k = 0; k < n; ++k) dH[k] += w.dP[k];
    }
};

template <class T>
struct Mean {  // state: the sum, and a row whose first number is the count; tape: a row whose first number is the count
    static constexpr Index state_rows = 2;
    static constexpr bool has_tape = true;
    static void initial(T* state, Index Hp) { std::memset(state, 0, 2 * Hp * sizeof(T)); }
    static void forward(const Pooled<T>& w) {
        Index step = -1;
        w.in_order([&](Index t, Index i, Index row) {
            if (t != step && t == w.keep) w.keep_state(state_rows);
            step = t;
            T *const sum = w.state + i * 2 * w.Hp, *const count = sum + w.Hp;
            const T* const h = w.H + row * w.Hp;
            for (Index j = 0; j < w.Hp; ++j) sum[j] += h[j];
            count[0] += 1;
            if (t < w.first) return;
            T* const P = w.P + (row - w.skip()) * w.Hp;
            for (Index j = 0; j < w.Hp; ++j) P[j] = sum[j] / count[0];
            w.tape[row * w.Hp] = count[0];
        });
    }
    static void backward(const Pooled<T>& w) {
        w.in_reverse([&](Index t, Index i, Index row) {
            T *const dsum = w.dstate + i * w.Hp, *const dH = w.dH + row * w.Hp;
            if (t >= w.first) {
                const T* const dP = w.dP + (row - w.skip()) * w.Hp;
                const T count = w.tape[row * w.Hp];
                for (Index j = 0; j < w.Hp; ++j) dsum[j] += dP[j] / count;
            }
            for (Index j = 0; j < w.Hp; ++j) dH[j] += dsum[j];  // sum_t = sum_(t-1) + h_t
        });
    }
};

template <class T>
struct Max {  // state: the maximum; tape: 1 where h rose above it
    static constexpr Index state_rows = 1;
    static constexpr bool has_tape = true;
    static void initial(T* state, Index Hp) {
        for (Index j = 0; j < Hp; ++j) state[j] = -std::numeric_limits<T>::infinity();
    }
    static void forward(const Pooled<T>& w) {
        Index step = -1;
        w.in_order([&](Index t, Index i, Index row) {
            if (t != step && t == w.keep) w.keep_state(state_rows);
            step = t;
            T *const top = w.state + i * w.Hp, *const higher = w.tape + row * w.Hp;
            const T* const h = w.H + row * w.Hp;
            for (Index j = 0; j < w.Hp; ++j) {
                higher[j] = h[j] > top[j];
                top[j] = h[j] > top[j] || h[j] != h[j] ? h[j] : top[j];  // a NaN stays
            }
            if (t >= w.first) std::memcpy(w.P + (row - w.skip()) * w.Hp, top, w.Hp * sizeof(T));
        });
    }
    static void backward(const Pooled<T>& w) {
        w.in_reverse([&](Index t, Index i, Index row) {
            T *const dtop = w.dstate + i * w.Hp, *const dH = w.dH + row * w.Hp;
            const T* const higher = w.tape + row * w.Hp;
            if (t >= w.first) {
                const T* const dP = w.dP + (row - w.skip()) * w.Hp;
                for (Index j = 0; j < w.Hp; ++j) dtop[j] += dP[j];
            }
            for (Index j = 0; j < w.Hp; ++j) {  // top_t = max(top_(t-1), h_t)
                const T d = dtop[j] * higher[j];
                dH[j] += d;
                dtop[j] -= d;
            }
        });
    }
};

// Every pooling: the name that __init__.py gives it, and its struct.
#define SKRNN_POOLINGS(POOLING) \
    POOLING(last, Last)         \
    POOLING(mean, Mean)         \
    POOLING(max, Max)

}  // namespace skrnn
