// One layer that learns forwards in time: the compiled twin of skrnn/_engine/online.py.
//
// ``online_step`` takes the states of all rows one step on, and leaves the derivatives of the new ones (``Slopes``);
// ``advance`` takes the influence J one step on with them, and adds the gradient that dh makes.
//
// Shapes: S states, M = D + H + 2 inputs of a gate (z: x, 1, h, 1), P = M G H weights, flat as NumPy has them in J.
//
//     J of FullInfluence       (blocks, S, H, W)   W weights of a block, the last one filled up to it; without those
//                                                  of b_h where the cell adds both sums: they are those of b_x
//     J of DiagonalInfluence   (S, M, G H)
//     Slopes                   z (M) | x (S, G, Hp) | h (S, G, Hp) | own (S, S, Hp)
//
// A block of J, read once and written once, stays in the first cache for all that is done to it; its weights lie
// side by side, so that one register holds the influences of several weights on one unit.
//
// To add an influence: one struct with the functions of ``Influence`` (kernels.hpp) and its line in the list below.

#pragma once

#include "tiles.hpp"
#include "window.hpp"

namespace skrnn {
namespace SKRNN_ISA {

template <class Cell, class T>
struct Sizes {
    static constexpr Index L = Simd<T>::lanes, S = Cell::states, G = Cell::gates;
    Index D, H, Hp, M, GH, P;
    Sizes(Index d, Index h)
        : D(d), H(h), Hp((h + L - 1) / L * L), M(d + h + 2), GH(G * h), P(M * GH) {}
};

// The derivatives of the new states of one row by its inputs, by a_x, by a_h, and by the old states besides.
template <class Cell, class T>
struct Slopes {
    T *z, *x, *h, *own;

    static Index size(Index D, Index H) {
        const Sizes<Cell, T> n(D, H);
        return n.M + (2 * n.S * n.G + n.S * n.S) * n.Hp;
    }
    Slopes(const Online<T>& o, Index row) {
        const Sizes<Cell, T> n(o.D, o.H);
        z = o.slopes + row * size(o.D, o.H);
        x = z + n.M;
        h = x + n.S * n.G * n.Hp;
        own = h + n.S * n.G * n.Hp;
    }
};

template <class T>
SKRNN_INLINE void store_at_most(T* p, Vector<T> v, Index n) {
    if (n >= Simd<T>::lanes) return store(p, v);
    for (Index j = 0; j < n; ++j) p[j] = v[j];
}

// One register of units of one row.
template <class Cell, class T>
SKRNN_INLINE void online_units(const Online<T>& o, const Slopes<Cell, T>& slopes, Index row, Index unit) {
    using V = Vector<T>;
    const Sizes<Cell, T> n(o.D, o.H);
    const Index known = smaller(n.L, n.H - unit), at = row * n.Hp + unit;
    V a[Cell::slots] = {};
    auto add = [&](int first, const int* gates, const T* weights, T z) {
        for (int j = 0; j < Cell::gates; ++j)
            a[first + j] += z * load_at_most(weights + gates[j] * n.H + unit, known);
    };
    const T* const h_before = slopes.z + n.D + 1;
    add(Cell::x_first, Cell::x_gate, o.b_x, 1);
    for (Index k = 0; k < n.D; ++k) add(Cell::x_first, Cell::x_gate, o.W_x + k * n.GH, slopes.z[k]);
    add(Cell::h_first, Cell::h_gate, o.b_h, 1);
    for (Index k = 0; k < n.H; ++k) add(Cell::h_first, Cell::h_gate, o.W_h + k * n.GH, h_before[k]);
    const V h_prev = load_at_most(h_before + unit, known);
    const V c_prev = Cell::states > 1 ? load(o.state[1] + at) : zero<T>();
    V c = c_prev, h;
    Cell::forward(a, h_prev, c, h);
    store(o.state[0] + at, h);
    if (Cell::states > 1) store(o.state[1] + at, c);
    for (int s = 0; s < Cell::states; ++s) {
        V d[Cell::slots], dc = zero<T>() + T(s == 1), direct = zero<T>();
        for (int j = 0; j < Cell::slots; ++j) d[j] = a[j];
        Cell::backward(d, h_prev, c_prev, c, h, zero<T>() + T(s == 0), dc, direct);
        for (int j = 0; j < Cell::gates; ++j) {
            store(slopes.x + (s * n.G + Cell::x_gate[j]) * n.Hp + unit, d[Cell::x_first + j]);
            store(slopes.h + (s * n.G + Cell::h_gate[j]) * n.Hp + unit, d[Cell::h_first + j]);
        }
        store(slopes.own + s * n.S * n.Hp + unit, direct);
        if (Cell::states > 1) store(slopes.own + (s * n.S + 1) * n.Hp + unit, dc);
    }
}

template <class Cell, class T>
void online_step(const Online<T>& o) {
    const FlushDenormals mode;
    const Sizes<Cell, T> n(o.D, o.H);
    for (Index row = 0; row < o.rows; ++row) {
        const Slopes<Cell, T> slopes(o, row);
        copy(slopes.z, o.x + row * n.D, n.D);
        copy(slopes.z + n.D + 1, o.state[0] + row * n.Hp, n.H);
        slopes.z[n.D] = slopes.z[n.M - 1] = 1;
        for (Index unit = 0; unit < n.H; unit += n.L) online_units<Cell, T>(o, slopes, row, unit);
    }
}

// --- J of every unit on all weights -------------------------------------------------------------------

template <class Cell, class T>
struct FullInfluence {
    using V = Vector<T>;
    using N = Sizes<Cell, T>;
    static constexpr int NV = 4, MR = most_rows(NV);
    static constexpr Index L = Simd<T>::lanes, S = Cell::states, G = Cell::gates, W = NV * L;

    static constexpr bool one_bias = Cell::slots == Cell::gates;

    static Index weights(const N& n) { return n.P - (one_bias ? n.GH : 0); }
    static Index blocks(const N& n) { return (weights(n) + W - 1) / W; }
    static Index size(Index D, Index H) { return blocks(N(D, H)) * S * H * W; }
    static Index flat_size(Index D, Index H) { return S * H * N(D, H).P; }
    // dstate'/dh, h of the block as it was, and the gradient
    static Index scratch_size(Index D, Index H) {
        const N n(D, H);
        return H * S * n.Hp + H * W + blocks(n) * W;
    }

    // f(place in J of one row, place in the form (S, H, P) of NumPy's) of the first Q weights of all units
    template <class F>
    static void over_all(const N& n, Index Q, const F& f) {
        for (Index k = 0; k < S * n.H; ++k)
            for (Index q = 0; q < Q; ++q) {
                const Index own = q < weights(n) ? q : q - weights(n) + n.D * n.GH;
                f((own / W * S * n.H + k) * W + own % W, k * n.P + q);
            }
    }
    static void get(const T* J, T* flat, Index D, Index H) {
        const N n(D, H);
        over_all(n, n.P, [&](Index own, Index k) { flat[k] = J[own]; });
    }
    static void set(T* J, const T* flat, Index D, Index H) {
        const N n(D, H);
        clear(J, size(D, H));
        over_all(n, weights(n), [&](Index own, Index k) { J[own] = flat[k]; });
    }

    // (H, S, Hp): how the new state s of a unit depends on the old h of each unit, the latter first
    static void transition(const Online<T>& o, const Slopes<Cell, T>& slopes, T* to) {
        const N n(o.D, o.H);
        for (Index j = 0; j < n.H; ++j)
            for (Index s = 0; s < S; ++s, to += n.Hp) {
                for (Index unit = 0; unit < n.H; unit += L) {
                    V sum = zero<T>();
                    for (Index g = 0; g < G; ++g)
                        sum += load(slopes.h + (s * G + g) * n.Hp + unit) *
                               load_at_most(o.W_h + j * n.GH + g * n.H + unit, smaller(L, n.H - unit));
                    store(to + unit, sum);
                }
                to[j] += slopes.own[s * S * n.Hp + j];
            }
    }

    // J of a block is D times what its h was, and of an LSTM also what c of the unit itself keeps. The rows of h
    // come first: they take c as it was.
    static SKRNN_INLINE void propagate(const N& n, const Slopes<Cell, T>& slopes, const T* D, const T* old, T* J) {
        for (Index s = 0; s < S; ++s)
            in_tiles<MR>(0, n.H, [&](auto rows, Index unit) {
                constexpr int R = decltype(rows)::value;
                V sums[R][NV] = {};
                if constexpr (S > 1)
                    for (int r = 0; r < R; ++r)
                        for (int v = 0; v < NV; ++v)
                            sums[r][v] = slopes.own[(s * S + 1) * n.Hp + unit + r] *
                                         load(J + (n.H + unit + r) * W + v * L);
                product<T, R, 1, NV, 0, NV>(sums, D + s * n.Hp + unit, 1, S * n.Hp, old, 0, W, n.H);
                for (int r = 0; r < R; ++r)
                    for (int v = 0; v < NV; ++v) store(J + (s * n.H + unit + r) * W + v * L, sums[r][v]);
            });
    }

    // Where in M, G, H a weight is
    struct Place {
        Index m, g, i;
    };

    // A weight into a gate of unit i has an influence on unit i at once
    static void add_direct(const N& n, const Slopes<Cell, T>& slopes, Place& at, T* J, Index weights) {
        for (Index q = 0; q < weights;) {
            const Index run = smaller(n.H - at.i, weights - q);
            const T z = slopes.z[at.m];
            for (Index s = 0; s < S; ++s) {
                const T* const d = (at.m <= n.D ? slopes.x : slopes.h) + (s * G + at.g) * n.Hp + at.i;
                T* const to = J + (s * n.H + at.i) * W + q;
                for (Index k = 0; k < run; ++k) to[k * (W + 1)] += z * d[k];
            }
            q += run;
            at.i += run;
            if (at.i < n.H) continue;
            at.i = 0;
            if (++at.g < G) continue;
            at.g = 0;
            ++at.m;
        }
    }

    static SKRNN_INLINE void add_gradient(const T* dh, const T* J, T* gradient, Index H) {
        V sums[NV];
        for (int v = 0; v < NV; ++v) sums[v] = load(gradient + v * L);
        for (Index i = 0; i < H; ++i)
            for (int v = 0; v < NV; ++v) sums[v] += dh[i] * load(J + i * W + v * L);
        for (int v = 0; v < NV; ++v) store(gradient + v * L, sums[v]);
    }

    static void advance(const Online<T>& o) {
        const FlushDenormals mode;
        const N n(o.D, o.H);
        const Index block = S * n.H * W, n_blocks = blocks(n);
        T *const D = o.scratch, *const old = D + n.H * S * n.Hp, *const gradient = old + n.H * W;
        if (o.dh) clear(gradient, n_blocks * W);
        for (Index row = 0; row < o.rows; ++row) {
            const Slopes<Cell, T> slopes(o, row);
            transition(o, slopes, D);
            T* J = o.J + row * n_blocks * block;
            Place at = {0, 0, 0};
            for (Index k = 0; k < n_blocks; ++k, J += block) {
                copy(old, J, n.H * W);
                propagate(n, slopes, D, old, J);
                add_direct(n, slopes, at, J, smaller(W, weights(n) - k * W));
                if (o.dh) add_gradient(o.dh + row * n.Hp, J, gradient + k * W, n.H);
            }
        }
        if (o.dh) add_flat(o, n, gradient);
    }

    static void add_flat(const Online<T>& o, const N& n, const T* gradient) {
        const T *const x = gradient, *const b = x + n.D * n.GH, *const h = b + n.GH;
        add(o.dW_x, x, n.D * n.GH);
        add(o.db_x, b, n.GH);
        add(o.dW_h, h, n.H * n.GH);
        add(o.db_h, one_bias ? b : h + n.H * n.GH, n.GH);
    }

    static void add(T* __restrict to, const T* __restrict from, Index n) {
        for (Index k = 0; k < n; ++k) to[k] += from[k];
    }
};

// --- J of every unit on the weights into its own gates ------------------------------------------------

template <class Cell, class T>
struct DiagonalInfluence {
    using V = Vector<T>;
    using N = Sizes<Cell, T>;
    static constexpr Index L = Simd<T>::lanes, S = Cell::states, G = Cell::gates;

    static Index size(Index D, Index H) { return S * N(D, H).P; }
    static Index flat_size(Index D, Index H) { return size(D, H); }
    static Index scratch_size(Index D, Index H) { return S * S * N(D, H).Hp; }
    static void get(const T* J, T* flat, Index D, Index H) { copy(flat, J, size(D, H)); }
    static void set(T* J, const T* flat, Index D, Index H) { copy(J, flat, size(D, H)); }

    // (S, S, Hp): how each new state of a unit depends on each old one of that unit
    static void transition(const Online<T>& o, const Slopes<Cell, T>& slopes, T* to) {
        const N n(o.D, o.H);
        copy(to, slopes.own, S * S * n.Hp);
        for (Index s = 0; s < S; ++s)
            for (Index g = 0; g < G; ++g)
                for (Index i = 0; i < n.H; ++i)
                    to[s * S * n.Hp + i] +=
                        slopes.h[(s * G + g) * n.Hp + i] * o.W_h[i * n.GH + g * n.H + i];
    }

    static T* gradient_of(const Online<T>& o, const N& n, Index m) {
        if (m < n.D) return o.dW_x + m * n.GH;
        if (m == n.D) return o.db_x;
        return m == n.M - 1 ? o.db_h : o.dW_h + (m - n.D - 1) * n.GH;
    }

    // One register of weights: from input m into the units from ``unit`` on, of gate g
    static SKRNN_INLINE V advance_units(const N& n, const T* D, V direct[], T* J, Index unit, Index known) {
        V old[S], first = zero<T>();
        for (Index s = 0; s < S; ++s) old[s] = load_at_most(J + s * n.P, known);
        for (Index s = 0; s < S; ++s) {
            V sum = direct[s];
            for (Index r = 0; r < S; ++r) sum += load(D + (s * S + r) * n.Hp + unit) * old[r];
            store_at_most(J + s * n.P, sum, known);
            if (s == 0) first = sum;
        }
        return first;
    }

    static void advance(const Online<T>& o) {
        const FlushDenormals mode;
        const N n(o.D, o.H);
        for (Index row = 0; row < o.rows; ++row) {
            const Slopes<Cell, T> slopes(o, row);
            transition(o, slopes, o.scratch);
            for (Index m = 0; m < n.M; ++m) {
                const T* const by = m <= n.D ? slopes.x : slopes.h;
                for (Index g = 0; g < G; ++g)
                    for (Index unit = 0; unit < n.H; unit += L) {
                        const Index known = smaller(L, n.H - unit), at = g * n.H + unit;
                        V direct[S];
                        for (Index s = 0; s < S; ++s)
                            direct[s] = slopes.z[m] * load(by + (s * G + g) * n.Hp + unit);
                        T* const J = o.J + row * S * n.P + m * n.GH + at;
                        const V first = advance_units(n, o.scratch, direct, J, unit, known);
                        if (!o.dh) continue;
                        T* const to = gradient_of(o, n, m) + at;
                        const V more = load(o.dh + row * n.Hp + unit) * first;
                        store_at_most<T>(to, load_at_most(to, known) + more, known);
                    }
            }
        }
    }
};

// Every influence: the key of INFLUENCES in skrnn/_engine/online.py, and its struct.
#define SKRNN_INFLUENCES(INFLUENCE)  \
    INFLUENCE(rtrl, FullInfluence)   \
    INFLUENCE(snap1, DiagonalInfluence)

}  // namespace SKRNN_ISA
}  // namespace skrnn
