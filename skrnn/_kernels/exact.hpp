// Weight gradients whose sum over sequences carries no rounding: the compiled twin of EXACT in
// skrnn/_engine/arithmetic.py.
//
// G_i, the gradient of sequence i alone at unit weight, is added in pieces: with sigma a power of two,
// (sigma + G) - sigma keeps the bits of G above the last bit of sigma, so few that no order of adding
// weight[i] times such pieces rounds. What is left of G is treated likewise. Bounds on G give sigma:
//     sigma(k, u) = unit  2^a(k)  2^d(u)      2^a(k) > |a(., k)|,  2^d(u) > |dA(., u)|
// column by column, where unit stands for the number of steps and the sum of the weights.
//
// A thread computes all there is to some of the weights, its share, sequence by sequence: so what is rounded, if
// the weights are no small numbers, is rounded alike for any number of threads.

#pragma once

#include "window.hpp"

namespace skrnn {
namespace SKRNN_ISA {

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

// What one of n_parts computes: some panels of the units and, if there are more parts than panels, some rows of W.
// Where that does not come out even, the last parts have nothing to do.
struct Share {
    Index columns, rows;  // so many ranges of panels, so many of rows
    Index column, row;    // which of them; row == rows: none
    Index panel, panels;  // the first panel, and how many
    bool bias;

    Share(Index all_panels, Index part, Index n_parts)
        : columns(smaller(all_panels, n_parts)),
          rows(n_parts / columns),
          column(part % columns),
          row(part / columns),
          panel(all_panels * column / columns),
          panels(all_panels * (column + 1) / columns - panel),
          bias(row == 0) {}

    Range of_x(Index D) const { return {D, row, rows}; }
    Range of_h(Index H) const { return {H, rows - 1 - row, rows}; }  // the other way: the last has least
};

// The steps of one sequence, copied one after the other: x (D,), h before (H,), gradients of the sums.
template <class T>
struct Sequence {
    const T *x, *h, *da;
    Index steps;
    T weight;
};

// Columns ``range`` of one side of the products, rows ``step`` apart
template <class T>
struct Columns {
    const T* a;
    Index step;
    Range range;
    const T* bounds;
    T* totals;  // (range.last, units of the share), of the first piece
};

// The other side: gradients of the sums of all units of the share
template <class T>
struct Panels {
    Index n;
    const T* bounds;
    int n_pieces;
    T unit[MOST_PIECES];
    Index distance;  // numbers from the totals of one piece to those of the next
};

template <class Cell, class T, int FIRST, int MR, int P>
SKRNN_TILE void exact_tile(const Columns<T>& c, Index k, const Sequence<T>& s, const Panels<T>& panels,
                           Index panel) {
    constexpr int L = Simd<T>::lanes, S = Cell::slots, N = Cell::gates, NV = P * N;
    const T weight = s.weight, *const bounds = c.bounds + k;
    const T* const bound_da = panels.bounds + panel * L * S;
    const Index row = panels.n * L * N;
    T* const totals = c.totals + k * row + panel * N * L;
    Vector<T> sums[MR][NV];
    for (int r = 0; r < MR; ++r)
        for (int v = 0; v < NV; ++v) sums[r][v] = zero<T>();
    product<T, MR, P, N, 0, N>(sums, c.a + k, 1, c.step, s.da + (panel * S + FIRST) * L, S * L,
                               panels.n * L * S, s.steps);
    for (int p = 0, n_pieces = panels.n_pieces; p < n_pieces; ++p) {
        const T unit = panels.unit[p];
        T* const piece = totals + p * panels.distance;
        for (int r = 0; r < MR; ++r)
            for (int v = 0; v < NV; ++v) {
                const T bound = bounds[r] * unit;
                const Vector<T> sigma = load(bound_da + (v / N * S + FIRST + v % N) * L) * bound;
                const Vector<T> kept = (sums[r][v] + sigma) - sigma;
                store(piece + r * row + v * L, kept * weight + load(piece + r * row + v * L));
                sums[r][v] -= kept;
            }
    }
}

// Add one sequence's products of the columns with all units.
template <class Cell, class T, int FIRST>
void add_exactly(const Columns<T>& c, const Sequence<T>& s, const Panels<T>& panels) {
    auto tile = [&](auto r, auto p, Index k, Index panel) {
        exact_tile<Cell, T, FIRST, decltype(r)::value, decltype(p)::value>(c, k, s, panels, panel);
    };
    in_rows_and_panels<Cell::gates>(c.range.first, c.range.last, panels.n, tile);
}

// One share, in memory of its own.
template <class Cell, class T>
class ExactPart {
    static constexpr int L = Simd<T>::lanes, S = Cell::slots, N = Cell::gates;

  public:
    static Index size(Index T_, Index D, Index H, int n_pieces, Index n) {  // n panels
        return n_pieces * (D + H + 2) * n * L * N + (T_ + 1) * (D + H + n * L * S) + 1;
    }

    ExactPart(const Gradient<T>& gradient, const ExactSum& sum, const Share& share, T* scratch)
        : g(gradient), share_(share), totals_(scratch) {
        const Index width = share.panels * L;
        panels_ = {share.panels, nullptr, sum.n_pieces, {}, (g.D + g.H + 2) * width * N};
        for (int p = 0; p < sum.n_pieces; ++p) panels_.unit[p] = sum.units[p];
        bound_x_ = scratch + panels_.n_pieces * panels_.distance;
        bound_h_ = bound_x_ + g.D;
        panels_.bounds = bound_h_ + g.H + 1;
        room_ = bound_h_ + g.H + 1 + width * S;
        clear(scratch, panels_.n_pieces * panels_.distance);
        find_bounds(bound_h_ + g.H + 1);
    }

    void add(Index i, T weight) {
        const T one = 1;
        const Sequence<T> s = collect(i, weight);
        add_exactly<Cell, T, Cell::x_first>({s.x, g.D, share_.of_x(g.D), bound_x_, rows(0)}, s, panels_);
        add_exactly<Cell, T, Cell::h_first>({s.h, g.H, share_.of_h(g.H), bound_h_, rows(g.D)}, s, panels_);
        if (!share_.bias) return;
        const Range only(1, 0, 1);
        const T* const bound = bound_h_ + g.H;
        add_exactly<Cell, T, Cell::x_first>({&one, 0, only, bound, rows(g.D + g.H)}, s, panels_);
        if (Cell::x_first != Cell::h_first)
            add_exactly<Cell, T, Cell::h_first>({&one, 0, only, bound, rows(g.D + g.H + 1)}, s, panels_);
    }

    void finish() const {
        for (Index j = 0; j < panels_.distance; ++j)
            for (int p = 1; p < panels_.n_pieces; ++p) totals_[j] += totals_[p * panels_.distance + j];
        const Units units{share_.panel * L, smaller((share_.panel + share_.panels) * L, g.H), g.H};
        add_unpacked<Cell>(rows(0), share_.of_x(g.D), units, Cell::x_gate, g.W_x);
        add_unpacked<Cell>(rows(g.D), share_.of_h(g.H), units, Cell::h_gate, g.W_h);
        if (!share_.bias) return;
        const Range only(1, 0, 1);
        const Index bias_h = g.D + g.H + (Cell::x_first != Cell::h_first);
        add_unpacked<Cell>(rows(g.D + g.H), only, units, Cell::x_gate, g.b_x);
        add_unpacked<Cell>(rows(bias_h), only, units, Cell::h_gate, g.b_h);
    }

  private:
    T* rows(Index k) const { return totals_ + k * share_.panels * L * N; }

    void find_bounds(T* bound_da) {
        const Index n = g.steps.offsets[g.steps.T], row = g.stride * S;
        bound_columns(g.X, n, g.X_stride, g.D, bound_x_);
        bound_columns(g.h, n, g.stride, g.H, bound_h_);
        bound_columns(g.tape + share_.panel * L * S, n, row, share_.panels * L * S, bound_da);
        for (Index i = 0; i < g.steps.B; ++i)  // states before the window are inputs, too
            for (Index j = 0; j < g.H; ++j) {
                const T power = power_above(g.h_initial[i * g.stride + j]);
                bound_h_[j] = power > bound_h_[j] ? power : bound_h_[j];
            }
        const T one = 1;
        bound_h_[g.H] = power_above(one);
    }

    Sequence<T> collect(Index i, T weight) const {
        const Steps& s = g.steps;
        const Order order{s.T, s.reverse};
        const Index row = share_.panels * L * S;
        T *const x = room_, *const h = x + s.T * g.D, *const da = h + s.T * g.H;
        Index n = 0;
        for (Index t = 0; t < s.T; ++t) {
            if (s.n[t] <= i) continue;
            const Index k = order[t], before = k ? order[k - 1] : 0, at = s.offsets[t] + i;
            const bool known = k && i < s.n[before];
            copy(x + n * g.D, g.X + at * g.X_stride, g.D);
            copy(h + n * g.H, (known ? g.h + s.offsets[before] * g.stride : g.h_initial) + i * g.stride, g.H);
            copy(da + n * row, g.tape + (at * g.stride + share_.panel * L) * S, row);
            ++n;
        }
        return {x, h, da, n, weight};
    }

    const Gradient<T>& g;
    const Share share_;
    T *totals_, *bound_x_, *bound_h_, *room_;
    Panels<T> panels_;
};

template <class Cell, class T>
Index exact_size(Index T_, Index D, Index H, int n_pieces, Index n_parts) {
    const Index panels = padded<T>(H) / Simd<T>::lanes, columns = smaller(panels, n_parts);
    return ExactPart<Cell, T>::size(T_, D, H, n_pieces, (panels + columns - 1) / columns);
}

template <class Cell, class T>
void exact_gradient(const Gradient<T>& g, const ExactSum& sum, T* scratch, Index part, Index n_parts) {
    const FlushDenormals mode;
    const Share share(g.stride / Simd<T>::lanes, part, n_parts);
    if (share.row == share.rows) return;
    ExactPart<Cell, T> p(g, sum, share, scratch);
    for (Index i = 0; i < g.steps.B; ++i) p.add(i, sum.weight[i]);
    p.finish();
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
