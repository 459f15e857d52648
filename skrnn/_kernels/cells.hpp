// The cells on vector registers: the compiled twin of skrnn/cells.py, elementwise, forward beside backward.
//
// A cell gathers the products of one unit in ``slots`` sums. The x product goes into the ``gates`` slots
// from ``x_first`` on, the h product into those from ``h_first`` on; where the two overlap they are added.
// ``x_gate[j]`` is the gate, in the order of the weights, that slot x_first + j belongs to; likewise
// ``h_gate``. After forward the slots hold what backward needs, after backward the gradients of the sums.
//
//     forward(a, h_prev, c, h)              a[slots] sums -> tape; c -> c'; h' into h
//     backward(a, h_prev, c_prev, c, h, dh, dc, direct)
//                                           a[slots] tape -> gradients; dc' -> dc;
//                                           ``direct``: what reaches h_prev on other ways than products
//
// To add a cell: one struct and its line in the list at the end, and its name in _CELLS of __init__.py.

#pragma once

#include "vector.hpp"

namespace skrnn {
namespace SKRNN_ISA {

template <class T, class Activation>
struct Elman {
    using V = Vector<T>;
    static constexpr int gates = 1, slots = 1, states = 1, x_first = 0, h_first = 0;
    static constexpr int x_gate[] = {0}, h_gate[] = {0};
    static constexpr bool has_tape = false;  // h is enough
    static constexpr bool has_direct = false;

    static SKRNN_INLINE void forward(V* a, V, V&, V& h) { h = Activation::f(a[0]); }

    static SKRNN_INLINE void backward(V* a, V, V, V, V h, V dh, V&, V&) {
        a[0] = Activation::backward(h, dh);  // h' = f(a)
    }
};

template <class T>
struct Tanh {
    using V = Vector<T>;
    static SKRNN_INLINE V f(V a) { return tanh<T>(a); }
    static SKRNN_INLINE V backward(V h, V dh) { return dh * (T(1) - h * h); }
};

template <class T>
struct Relu {
    using V = Vector<T>;
    static SKRNN_INLINE V f(V a) { return at_least<T>(a, T(0)); }
    // dh * (h > 0) and not a choice: what is no number stays none
    static SKRNN_INLINE V backward(V h, V dh) { return dh * (h > T(0) ? zero<T>() + T(1) : zero<T>()); }
};

template <class T>
using TanhElman = Elman<T, Tanh<T>>;

template <class T>
using ReluElman = Elman<T, Relu<T>>;

template <class T>
struct Lstm {
    using V = Vector<T>;
    static constexpr int gates = 4, slots = 4, states = 2, x_first = 0, h_first = 0;
    static constexpr int x_gate[] = {0, 1, 2, 3}, h_gate[] = {0, 1, 2, 3};  // i f g o
    static constexpr bool has_tape = true;
    static constexpr bool has_direct = false;

    static SKRNN_INLINE void forward(V* a, V, V& c, V& h) {
        a[0] = sigmoid<T>(a[0]);
        a[1] = sigmoid<T>(a[1]);
        a[2] = tanh<T>(a[2]);
        a[3] = sigmoid<T>(a[3]);
        const V ig = a[0] * a[2];
        c = a[1] * c + ig;
        h = a[3] * tanh<T>(c);
    }

    static SKRNN_INLINE void backward(V* a, V, V c_prev, V c, V, V dh, V& dc, V&) {
        const V i = a[0], f = a[1], g = a[2], o = a[3];
        const V tanh_c = tanh<T>(c);
        const V dtanh_c = dh * o;  // h' = o tanh(c')
        const V slope = T(1) - tanh_c * tanh_c;
        dc = dtanh_c * slope + dc;
        const V dc_i = dc * i, dc_g = dc * g;  // c' = f c + i g
        a[0] = (dc_g * i) * (T(1) - i);
        a[1] = (dc * c_prev) * (f * (T(1) - f));
        a[2] = dc_i * (T(1) - g * g);
        a[3] = (dh * tanh_c) * (o * (T(1) - o));
        dc = dc * f;
    }
};

template <class T>
struct Gru {
    using V = Vector<T>;
    // slots: n from x | r | z | n from h; the gates of the weights are r z n
    static constexpr int gates = 3, slots = 4, states = 1, x_first = 0, h_first = 1;
    static constexpr int x_gate[] = {2, 0, 1}, h_gate[] = {0, 1, 2};
    static constexpr bool has_tape = true;
    static constexpr bool has_direct = true;

    static SKRNN_INLINE void forward(V* a, V h_prev, V&, V& h) {
        a[1] = sigmoid<T>(a[1]);
        a[2] = sigmoid<T>(a[2]);
        a[0] = tanh<T>(a[1] * a[3] + a[0]);  // n = tanh(a_x,n + r a_h,n)
        h = a[2] * (h_prev - a[0]) + a[0];   // h' = n + z (h - n)
    }

    static SKRNN_INLINE void backward(V* a, V h_prev, V, V, V, V dh, V&, V& direct) {
        const V n = a[0], r = a[1], z = a[2], a_hn = a[3];
        direct = dh * z;
        const V da_n = (dh - direct) * (T(1) - n * n);
        a[0] = da_n;
        a[1] = (da_n * a_hn) * (r * (T(1) - r));
        a[2] = (dh * (h_prev - n)) * (z * (T(1) - z));
        a[3] = da_n * r;
    }
};

// Every cell: the name that __init__.py gives it, and its struct.
#define SKRNN_CELLS(CELL)      \
    CELL(rnn_tanh, TanhElman)  \
    CELL(rnn_relu, ReluElman)  \
    CELL(lstm, Lstm)           \
    CELL(gru, Gru)

}  // namespace SKRNN_ISA
}  // namespace skrnn
