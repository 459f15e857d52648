// Weight gradients whose sum over sequences carries no rounding: the compiled twin of EXACT in skrnn/_sums.py.
//
// G_i, the gradient of sequence i alone at unit weight, is added in pieces: with sigma a power of two,
// (sigma + G) - sigma keeps the bits of G above the last bit of sigma, so few that no order of adding
// weight[i] times such pieces rounds. What is left of G is treated likewise. Bounds on G give sigma:
//     sigma(k, u) = unit  2^a(k)  2^d(u)      2^a(k) > |a(., k)|,  2^d(u) > |dA(., u)|
// column by column, where unit stands for the number of steps and the sum of the weights.

#pragma once

#include "window.hpp"

namespace skrnn {
namespace SKRNN_ISA {

constexpr int MOST_PIECES = 8;

// The power of two above |x|, elementwise; 2^-1022 for zero.
template <class T>
SKRNN_INLINE T power_above(T x) {
    T power = x < 0 ? -x : x;
    typename Simd<T>::Bits bits;
    __builtin_memcpy(&bits, &power, sizeof(T));
    bits = (bits >> Simd<T>::mantissa << Simd<T>::mantissa) + (typename Simd<T>::Bits(1) << Simd<T>::mantissa);
    __builtin_memcpy(&power, &bits, sizeof(T));
    return power;
}

// bounds[j] = power of two above all |rows(., j)|
template <class T>
void bound_columns(const T* rows, Index n, Index stride, Index columns, T* bounds) {
    for (Index j = 0; j < columns; ++j) bounds[j] = 0;
    for (Index i = 0; i < n; ++i)
        for (Index j = 0; j < columns; ++j) {
            const T x = rows[i * stride + j], size = x < 0 ? -x : x;
            bounds[j] = size > bounds[j] ? size : bounds[j];
        }
    for (Index j = 0; j < columns; ++j) bounds[j] = power_above(bounds[j]);
}

// One sequence, its steps one after the other.
template <class T>
struct Sequence {
    const T *x, *h, *da;
    Index steps;
    T weight;
};

template <class T>
struct Pieces {
    int n;
    T unit[MOST_PIECES];
    Index distance;  // numbers from the totals of one piece to those of the next
};

template <class Cell, class T, int FIRST, int MR, int P>
SKRNN_TILE void exact_tile(const T* a, Index a_step, const T* da, Index da_step, Index steps, T weight,
                           const T* bound_a, const T* bound_da, const Pieces<T>& pieces, T* totals,
                           Index row) {
    constexpr int L = Simd<T>::lanes, S = Cell::slots, N = Cell::gates, NV = P * N;
    Vector<T> sums[MR][NV];
    for (int r = 0; r < MR; ++r)
        for (int v = 0; v < NV; ++v) sums[r][v] = zero<T>();
    product<T, MR, P, N, 0, N>(sums, a, 1, a_step, da + FIRST * L, S * L, da_step, steps);
    for (int p = 0; p < pieces.n; ++p)
        for (int r = 0; r < MR; ++r)
            for (int v = 0; v < NV; ++v) {
                const T bound = bound_a[r] * pieces.unit[p];
                const Vector<T> sigma = load(bound_da + (v / N * S + FIRST + v % N) * L) * bound;
                const Vector<T> kept = (sums[r][v] + sigma) - sigma;
                T* const total = totals + p * pieces.distance + r * row + v * L;
                store(total, kept * weight + load(total));
                sums[r][v] -= kept;
            }
}

// Add one sequence's products of columns [0, K) of a with all units.
template <class Cell, class T, int FIRST>
void add_exactly(const T* a, Index a_step, Index K, const Sequence<T>& s, Index Hp, const T* bound_a,
                 const T* bound_da, const Pieces<T>& pieces, T* totals) {
    constexpr int L = Simd<T>::lanes, N = Cell::gates, S = Cell::slots;
    in_rows_and_panels<N>(0, K, Hp / L, [&](auto r, auto p, Index k, Index panel) {
        exact_tile<Cell, T, FIRST, decltype(r)::value, decltype(p)::value>(
            a + k, a_step, s.da + panel * L * S, Hp * S, s.steps, s.weight, bound_a + k, bound_da + panel * L * S,
            pieces, totals + k * Hp * N + panel * L * N, Hp * N);
    });
}

template <class Cell, class T>
Index exact_size(Index T_, Index D, Index H, int pieces) {
    const Index Hp = padded<T>(H);
    return pieces * gradient_size<Cell, T>(D, H) + T_ * (D + H + Hp * Cell::slots) + D + H + 1 + Hp * Cell::slots;
}

// The steps of sequence i, copied one after the other into ``to``.
template <class Cell, class T>
Sequence<T> collect(const Gradient<T>& g, Index i, T weight, T* to) {
    const Steps& s = g.steps;
    const Order order{s.T, s.reverse};
    const Index Hp = g.stride, row = Hp * Cell::slots;
    T *const x = to, *const h = x + s.T * g.D, *const da = h + s.T * g.H;
    Index n = 0;
    for (Index t = 0; t < s.T; ++t) {
        if (s.n[t] <= i) continue;
        const Index k = order[t], before = k ? order[k - 1] : 0, at = s.offsets[t] + i;
        const bool known = k && i < s.n[before];
        copy(x + n * g.D, g.X + at * g.X_stride, g.D);
        copy(h + n * g.H, known ? g.h + (s.offsets[before] + i) * Hp : g.h_initial + i * Hp, g.H);
        copy(da + n * row, g.tape + at * row, row);
        ++n;
    }
    return {x, h, da, n, weight};
}

template <class T>
void add_up_pieces(T* totals, const Pieces<T>& pieces) {
    for (Index j = 0; j < pieces.distance; ++j)
        for (int p = 1; p < pieces.n; ++p) totals[j] += totals[p * pieces.distance + j];
}

template <class Cell, class T>
void exact_gradient(const Gradient<T>& g, const T* weight, const T* units, int n_pieces, T* scratch) {
    const FlushDenormals mode;
    const Index row = g.stride * Cell::gates, columns = g.stride * Cell::slots;
    const Index N = g.steps.offsets[g.steps.T];
    Pieces<T> pieces{n_pieces, {}, gradient_size<Cell, T>(g.D, g.H)};
    for (int p = 0; p < n_pieces; ++p) pieces.unit[p] = units[p];
    T *const dW_x = scratch, *const dW_h = dW_x + g.D * row, *const db_x = dW_h + g.H * row, *db_h = db_x + row;
    T* const bound_x = scratch + n_pieces * pieces.distance;
    T *const bound_h = bound_x + g.D, *const bound_one = bound_h + g.H, *const bound_da = bound_one + 1;
    T* const room = bound_da + columns;
    clear(scratch, n_pieces * pieces.distance);
    bound_columns(g.X, N, g.X_stride, g.D, bound_x);
    bound_columns(g.h, N, g.stride, g.H, bound_h);
    bound_columns(g.tape, N, columns, columns, bound_da);
    for (Index i = 0; i < g.steps.B; ++i)  // states before the window are inputs, too
        for (Index j = 0; j < g.H; ++j) {
            const T power = power_above(g.h_initial[i * g.stride + j]);
            bound_h[j] = power > bound_h[j] ? power : bound_h[j];
        }
    const T one = 1;
    *bound_one = power_above(one);
    for (Index i = 0; i < g.steps.B; ++i) {
        const Sequence<T> s = collect<Cell>(g, i, weight[i], room);
        add_exactly<Cell, T, Cell::x_first>(s.x, g.D, g.D, s, g.stride, bound_x, bound_da, pieces, dW_x);
        add_exactly<Cell, T, Cell::h_first>(s.h, g.H, g.H, s, g.stride, bound_h, bound_da, pieces, dW_h);
        add_exactly<Cell, T, Cell::x_first>(&one, 0, 1, s, g.stride, bound_one, bound_da, pieces, db_x);
        if (Cell::x_first != Cell::h_first)
            add_exactly<Cell, T, Cell::h_first>(&one, 0, 1, s, g.stride, bound_one, bound_da, pieces, db_h);
    }
    add_up_pieces(scratch, pieces);
    if (Cell::x_first == Cell::h_first) db_h = db_x;
    add_unpacked<Cell>(dW_x, 0, g.D, g.H, Cell::x_gate, g.W_x);
    add_unpacked<Cell>(dW_h, 0, g.H, g.H, Cell::h_gate, g.W_h);
    add_unpacked<Cell>(db_x, 0, 1, g.H, Cell::x_gate, g.b_x);
    add_unpacked<Cell>(db_h, 0, 1, g.H, Cell::h_gate, g.b_h);
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
