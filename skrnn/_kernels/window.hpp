// One layer over one window: forward, backward, weight gradients. One time loop for all cells.
//
// Forward and backward run over a range of sequences (a slice), from the first step to the last, with
// no look at other sequences. At every step the first n[t] sequences are alive. A sequence's state before
// a step lies in the packed outputs of the step before, if it was alive there, else in ``state``.
//
// Packed weights, L lanes, panels of L units (zeros beyond H):
//     forward    bias [panel][slot][L]; W_x, W_h: [panel][k][gate][L]
//     backward   W_h^T, W_x^T: [panel of the result][panel of units][gate][lane][L]

#pragma once

#include "cells.hpp"
#include "tiles.hpp"

namespace skrnn {
namespace SKRNN_ISA {

#define SKRNN_TILE static __attribute__((noinline))

template <class T>
constexpr Index padded(Index n) {
    return (n + Simd<T>::lanes - 1) / Simd<T>::lanes * Simd<T>::lanes;
}

template <class T>
SKRNN_INLINE void copy(T* to, const T* from, Index n) {
    __builtin_memcpy(to, from, n * sizeof(T));
}

template <class T>
SKRNN_INLINE void clear(T* p, Index n) {
    __builtin_memset(p, 0, n * sizeof(T));
}

// The order of the steps: which is the k-th to be run.
struct Order {
    Index T;
    bool reverse;
    Index operator[](Index k) const { return reverse ? T - 1 - k : k; }
};

static inline Index smaller(Index a, Index b) { return a < b ? a : b; }

// --- packing ------------------------------------------------------------------------------------------

template <class Cell, class T>
Index forward_size(Index D, Index H) {
    return padded<T>(H) * (Cell::slots + Cell::gates * (D + H));
}

template <class Cell, class T>
Index backward_size(Index D, Index H) {
    return padded<T>(H) * Cell::gates * (padded<T>(H) + padded<T>(D));
}

// W (K, gates H) -> [panel][k][gate][L]; gate j of the result is gate[j] of W
template <class Cell, class T>
T* pack_rows(const T* W, Index K, Index H, const int* gate, T* packed) {
    constexpr int L = Simd<T>::lanes, G = Cell::gates;
    for (Index unit = 0; unit < H; unit += L)
        for (Index k = 0; k < K; ++k)
            for (int j = 0; j < G; ++j, packed += L)
                store(packed, load_at_most(W + (k * G + gate[j]) * H + unit, H - unit));
    return packed;
}

template <class Cell, class T>
void pack_forward(const Weights<T>& w, T* packed) {
    constexpr int L = Simd<T>::lanes;
    const Index Hp = padded<T>(w.H);
    for (Index n = 0; n < Hp * Cell::slots; ++n) packed[n] = 0;
    for (int j = 0; j < Cell::gates; ++j)
        for (Index unit = 0; unit < w.H; ++unit) {
            T* at = packed + unit / L * Cell::slots * L + unit % L;
            at[(Cell::x_first + j) * L] += w.b_x[Cell::x_gate[j] * w.H + unit];
            at[(Cell::h_first + j) * L] += w.b_h[Cell::h_gate[j] * w.H + unit];
        }
    packed = pack_rows<Cell>(w.W_x, w.D, w.H, Cell::x_gate, packed + Hp * Cell::slots);
    pack_rows<Cell>(w.W_h, w.H, w.H, Cell::h_gate, packed);
}

// W (K, gates H) -> W^T: [panel of K][panel of units][gate][lane][L]
template <class Cell, class T>
T* pack_transposed(const T* W, Index K, Index H, const int* gate, T* packed) {
    constexpr int L = Simd<T>::lanes, G = Cell::gates;
    for (Index k = 0; k < K; k += L)
        for (Index unit = 0; unit < padded<T>(H); unit += L)
            for (int j = 0; j < G; ++j)
                for (Index lane = 0; lane < L; ++lane, packed += L) {
                    const Index known = unit + lane < H ? smaller(L, K - k) : 0;
                    const T* from = W + (k * G + gate[j]) * H + unit + lane;
                    for (Index n = 0; n < known; ++n) packed[n] = from[n * G * H];
                    for (Index n = known; n < L; ++n) packed[n] = 0;
                }
    return packed;
}

template <class Cell, class T>
void pack_backward(const Weights<T>& w, T* packed) {
    packed = pack_transposed<Cell>(w.W_h, w.H, w.H, Cell::h_gate, packed);
    pack_transposed<Cell>(w.W_x, w.D, w.H, Cell::x_gate, packed);
}

// --- forward ------------------------------------------------------------------------------------------

// Where the rows of one step lie: row i of each is sequence i.
template <class T>
struct ForwardStep {
    const T *x, *h_prev, *c_prev;
    T *h, *c, *tape;
};

template <class Cell, class T, int MR, int P>
SKRNN_TILE void forward_tile(const Forward<T>& w, const ForwardStep<T>& s, Index row, Index panel) {
    constexpr int L = Simd<T>::lanes, S = Cell::slots, G = Cell::gates;
    Vector<T> sums[MR][P * S];
    for (int v = 0; v < P * S; ++v) {
        const Vector<T> bias = load(w.packed + (panel * S + v) * L);
        for (int r = 0; r < MR; ++r) sums[r][v] = bias;
    }
    // what will be written is new to the caches: ask for it now
    constexpr int per_line = 64 / sizeof(T);
    for (int r = 0; r < MR; ++r) {
        const Index at = (row + r) * w.stride + panel * L;
        __builtin_prefetch(s.h + at, 1, 2);
        if (Cell::states > 1) __builtin_prefetch(s.c + at, 1, 2);
        if (Cell::has_tape && s.tape)
            for (int n = 0; n < P * S * L; n += per_line) __builtin_prefetch(s.tape + at * S + n, 1, 2);
    }
    const T* W_x = w.packed + w.stride * S + panel * L * G * w.D;
    const T* W_h = w.packed + w.stride * (S + G * w.D) + panel * L * G * w.H;
    const T *x = s.x + row * w.X_stride, *h_prev = s.h_prev + row * w.stride;
    product<T, MR, P, S, Cell::x_first, G>(sums, x, w.X_stride, 1, W_x, w.D * G * L, G * L, w.D);
    product<T, MR, P, S, Cell::h_first, G>(sums, h_prev, w.stride, 1, W_h, w.H * G * L, G * L, w.H);
    for (int r = 0; r < MR; ++r)
        for (int p = 0; p < P; ++p) {
            const Index at = (row + r) * w.stride + (panel + p) * L;
            Vector<T> c = zero<T>(), h;
            if (Cell::states > 1) c = load(s.c_prev + at);
            Cell::forward(sums[r] + p * S, load(s.h_prev + at), c, h);
            store(s.h + at, h);
            if (Cell::states > 1) store(s.c + at, c);
            if (Cell::has_tape && s.tape)
                for (int j = 0; j < S; ++j) store(s.tape + at * S + j * L, sums[r][p * S + j]);
        }
}

template <class Cell, class T>
void forward_step(const Forward<T>& w, const ForwardStep<T>& s, Index first, Index last) {
    in_rows_and_panels<Cell::slots>(
        first, last, w.stride / Simd<T>::lanes, [&](auto r, auto p, Index row, Index panel) {
            forward_tile<Cell, T, decltype(r)::value, decltype(p)::value>(w, s, row, panel);
        });
}

template <class Cell, class T>
void forward(const Forward<T>& w, Index first, Index last) {
    const FlushDenormals mode;
    const Index Hp = w.stride;
    const Order order{w.steps.T, w.steps.reverse};
    const T *h_before = w.state[0], *c_before = w.state[1];  // of the sequences alive at the step before
    Index alive = first;                                     // first..alive: those sequences
    // rows [from, to) of the latest state to where sequences wait that are not alive
    auto write_back = [&](Index from, Index to) {
        if (from >= to || h_before == w.state[0]) return;
        copy(w.state[0] + from * Hp, h_before + from * Hp, (to - from) * Hp);
        if (Cell::states > 1 && c_before != w.state[1])
            copy(w.state[1] + from * Hp, c_before + from * Hp, (to - from) * Hp);
    };
    for (Index k = 0; k < w.steps.T; ++k) {
        const Index t = order[k], at = w.steps.offsets[t] * Hp;
        Index n = smaller(w.steps.n[t], last);
        if (n < first) n = first;
        if (t == w.keep) {
            write_back(first, alive);
            for (int s = 0; s < Cell::states; ++s)
                copy(w.kept[s] + first * Hp, w.state[s] + first * Hp, (last - first) * Hp);
        }
        if (n > alive) {  // sequences join: gather all states in one place
            write_back(first, alive);
            h_before = w.state[0];
            c_before = w.state[1];
        } else {
            write_back(n, alive);
        }
        T* const c = w.c ? w.c + at : w.state[1];
        forward_step<Cell>(w,
                           {w.X + w.steps.offsets[t] * w.X_stride, h_before, c_before, w.h + at, c,
                            w.tape ? w.tape + at * Cell::slots : nullptr},
                           first, n);
        h_before = w.h + at;
        c_before = c;
        alive = n;
    }
    write_back(first, alive);
}

// --- backward -----------------------------------------------------------------------------------------

// Where the gradients of sums and their transposed weights lie; of all cells the same code: a_row apart rows of
// a, of which the product takes ``runs`` pieces of ``length`` numbers that begin ``a_step`` apart.
struct Transposed {
    Index a_row, a_step, w_panel, runs, length;
};

template <class Cell, class T>
constexpr Transposed transposed(Index stride) {
    constexpr Index L = Simd<T>::lanes, S = Cell::slots, G = Cell::gates;
    if (S == G) return {stride * S, 0, stride * G * L, 1, stride * G};
    return {stride * S, S * L, stride * G * L, stride / L, G * L};
}

// out (MR rows, P panels) = start + gradients of the sums times transposed weights
template <class T, int MR, int P>
SKRNN_TILE void transposed_tile(const T* a, const Transposed& by, const T* w, const T* start, T* out,
                                Index out_row) {
    constexpr int L = Simd<T>::lanes;
    Vector<T> sums[MR][P];
    for (int r = 0; r < MR; ++r)
        for (int p = 0; p < P; ++p) sums[r][p] = start ? load(start + r * out_row + p * L) : zero<T>();
    for (Index run = 0; run < by.runs; ++run)
        product<T, MR, P, 1, 0, 1>(sums, a + run * by.a_step, by.a_row, 1, w + run * by.length * L, by.w_panel, L,
                                   by.length);
    for (int r = 0; r < MR; ++r)
        for (int p = 0; p < P; ++p) store(out + r * out_row + p * L, sums[r][p]);
}

// rows [first, last) of gradients of the sums -> rows of gradients of x or h, ``width`` numbers each
template <class T>
SKRNN_TILE void transposed_rows(const T* da, const Transposed& by, const T* packed, Index width, const T* start,
                                T* out, Index first, Index last) {
    constexpr int L = Simd<T>::lanes;
    in_rows_and_panels<1>(first, last, width / L, [&](auto r, auto p, Index row, Index panel) {
        const Index at = row * width + panel * L;
        transposed_tile<T, decltype(r)::value, decltype(p)::value>(
            da + row * by.a_row, by, packed + panel * by.w_panel, start ? start + at : nullptr, out + at, width);
    });
}

template <class Cell, class T, int FIRST>
SKRNN_INLINE void transposed_product(const T* da, Index stride, const T* packed, Index width, const T* start,
                                     T* out, Index first, Index last) {
    transposed_rows<T>(da + FIRST * Simd<T>::lanes * (Cell::slots != Cell::gates),
                       transposed<Cell, T>(stride), packed, width, start, out, first, last);
}

// v without the lanes that hold no unit: nothing of theirs may come into a sum
template <class T>
SKRNN_INLINE Vector<T> first_lanes(Vector<T> v, Index n) {
    for (Index j = n; j < Simd<T>::lanes; ++j) v[j] = 0;
    return v;
}

// One sequence at one step: gradients of h and c -> gradients of the sums, and of c before.
template <class T>
struct BackwardRow {
    const T *dh_out;  // gradient of the output, or null
    const T *h_prev, *c_prev, *h, *c;
    T *tape, *dh, *dc, *direct;
};

template <class Cell, class T>
SKRNN_INLINE void backward_panel(const BackwardRow<T>& s, Index unit, Index units) {
    constexpr int L = Simd<T>::lanes, S = Cell::slots;
    const bool whole = units >= L;
    Vector<T> a[S], c_prev = zero<T>(), c = zero<T>(), dc = zero<T>(), direct = zero<T>();
    Vector<T> dh = load(s.dh + unit);
    if (s.dh_out) dh += load_at_most(s.dh_out + unit, units);
    if (Cell::has_tape)
        for (int j = 0; j < S; ++j) a[j] = load(s.tape + unit * S + j * L);
    if (Cell::states > 1) {
        c_prev = load(s.c_prev + unit);
        c = load(s.c + unit);
        dc = load(s.dc + unit);
    }
    Cell::backward(a, load(s.h_prev + unit), c_prev, c, load(s.h + unit), dh, dc, direct);
    if (!whole)
        for (int j = 0; j < S; ++j) a[j] = first_lanes<T>(a[j], units);
    for (int j = 0; j < S; ++j) store(s.tape + unit * S + j * L, a[j]);
    if (Cell::states > 1) store(s.dc + unit, dc);
    if (Cell::has_direct) store(s.direct + unit, direct);
}

template <class Cell, class T>
void backward(const Backward<T>& w, Index first, Index last) {
    const FlushDenormals mode;
    const Index Hp = w.stride;
    const Order order{w.steps.T, w.steps.reverse};
    const T* W_x = w.packed + Hp * Cell::gates * Hp;
    for (Index k = w.steps.T - 1; k >= 0; --k) {
        const Index t = order[k], offset = w.steps.offsets[t];
        const Index n = smaller(w.steps.n[t], last);
        if (n <= first) continue;
        const Index before = k ? w.steps.n[order[k - 1]] : 0;  // alive then: their states are outputs
        const Index at_before = k ? w.steps.offsets[order[k - 1]] * Hp : 0;
        const bool read = w.dh && t >= w.first;
        T* const da = w.tape + offset * Hp * Cell::slots;
        for (Index i = first; i < n; ++i) {
            const Index at = (offset + i) * Hp;
            const bool own = i < before;
            const BackwardRow<T> row = {
                read ? w.dh + (offset - w.steps.offsets[w.first] + i) * w.dh_stride : nullptr,
                own ? w.h + at_before + i * Hp : w.initial[0] + i * Hp,
                Cell::states < 2 ? nullptr : own ? w.c + at_before + i * Hp : w.initial[1] + i * Hp,
                w.h + at,
                Cell::states < 2 ? nullptr : w.c + at,
                da + i * Hp * Cell::slots,
                w.dstate[0] + i * Hp,
                Cell::states < 2 ? nullptr : w.dstate[1] + i * Hp,
                Cell::has_direct ? w.direct + i * Hp : nullptr,
            };
            for (Index unit = 0; unit < Hp; unit += Simd<T>::lanes)
                backward_panel<Cell>(row, unit, w.H - unit);
        }
        transposed_product<Cell, T, Cell::h_first>(da, Hp, w.packed, Hp, Cell::has_direct ? w.direct : nullptr,
                                                   w.dstate[0], first, n);
        if (w.dX)
            transposed_product<Cell, T, Cell::x_first>(da, Hp, W_x, w.D_stride, static_cast<const T*>(nullptr),
                                                       w.dX + offset * w.D_stride, first, n);
    }
}

// --- weight gradients ---------------------------------------------------------------------------------

// Packed rows read between two visits to memory of the sums: enough to make the visits cheap, few enough
// for the rows of one panel to stay in the first cache.
constexpr Index BLOCK = 64;

template <class Cell, class T>
Index gradient_size(Index D, Index H) {
    return (D + H + 2) * padded<T>(H) * Cell::gates;
}

// sums (K, panels of N slots) += A^T dA over the rows of one run; A (rows, K), or ones if null. dA begins at the first
// of the N slots; its panels lie ``da_panel`` numbers apart.
template <class T, int N, int MR, int P>
SKRNN_TILE void outer_tile(const T* a, Index a_stride, const T* da, Index da_panel, Index da_stride, Index rows,
                           T* out, Index out_row) {
    constexpr int L = Simd<T>::lanes;
    Vector<T> sums[MR][P * N];
    for (int r = 0; r < MR; ++r)
        for (int v = 0; v < P * N; ++v) sums[r][v] = load(out + r * out_row + v * L);
    product<T, MR, P, N, 0, N>(sums, a, 1, a_stride, da, da_panel, da_stride, rows);
    for (int r = 0; r < MR; ++r)
        for (int v = 0; v < P * N; ++v) store(out + r * out_row + v * L, sums[r][v]);
}

// The same panel after panel, each copied to one place before: rows that lie a power of two apart, as those of many
// units do, would drive each other out of the first cache.
template <class T, int N, int S>
void outer_products_of_copies(const T* a, Index a_stride, Index first_k, Index last_k, const T* da, Index Hp,
                              Index rows, T* out) {
    constexpr int L = Simd<T>::lanes;
    T copied[BLOCK * N * L];
    for (Index panel = 0; panel < Hp / L; ++panel) {
        for (Index r = 0; r < rows; ++r) copy(copied + r * N * L, da + r * Hp * S + panel * L * S, N * L);
        in_tiles<full_rows(N)>(first_k, last_k, [&](auto r, Index k) {
            outer_tile<T, N, decltype(r)::value, 1>(a + k, a_stride, copied, 0, N * L, rows,
                                                    out + k * Hp * N + panel * L * N, Hp * N);
        });
    }
}

template <class Cell, class T, int FIRST>
void outer_products(const T* a, Index a_stride, Index first_k, Index last_k, const T* da, Index Hp, Index rows,
                    T* out) {
    constexpr int L = Simd<T>::lanes, N = Cell::gates, S = Cell::slots, MR = full_rows(N);
    da += FIRST * L;
    if constexpr (N > 1 && panels_for(MR, N) == 1) {
        constexpr Index WORTH_COPYING = 8 * MR;
        if (Hp * S * Index(sizeof(T)) >= 1024 && last_k - first_k >= WORTH_COPYING)
            return outer_products_of_copies<T, N, S>(a, a_stride, first_k, last_k, da, Hp, rows, out);
    }
    in_rows_and_panels<N>(first_k, last_k, Hp / L, [&](auto r, auto p, Index k, Index panel) {
        outer_tile<T, N, decltype(r)::value, decltype(p)::value>(
            a + k, a_stride, da + panel * L * S, S * L, Hp * S, rows, out + k * Hp * N + panel * L * N, Hp * N);
    });
}

// Packed rows one after the other whose h before the step lie one after the other, too
template <class T>
struct Run {
    Index first, rows;
    const T* h_prev;
};

// f(Run) over all rows in rising order, at most BLOCK at a time. Where as many sequences are alive as at the
// step before, a run goes on from step to step.
template <class T, class F>
SKRNN_INLINE void in_runs(const Gradient<T>& g, const F& f) {
    const Steps& s = g.steps;
    const Order order{s.T, s.reverse};
    Run<T> run{0, 0, nullptr};
    auto add = [&](Index rows, const T* h_prev) {
        if (run.rows && h_prev != run.h_prev + run.rows * g.stride) {
            f(run);
            run = {run.first + run.rows, 0, nullptr};
        }
        if (!run.rows) run.h_prev = h_prev;
        for (run.rows += rows; run.rows > BLOCK;) {
            f(Run<T>{run.first, BLOCK, run.h_prev});
            run = {run.first + BLOCK, run.rows - BLOCK, run.h_prev + BLOCK * g.stride};
        }
    };
    for (Index t = 0; t < s.T; ++t) {
        const Index k = order[t];  // the order is its own inverse: step t is the k-th to run
        const Index before = k ? order[k - 1] : 0;
        const Index known = k ? smaller(s.n[before], s.n[t]) : 0;
        if (known) add(known, g.h + s.offsets[before] * g.stride);
        if (s.n[t] > known) add(s.n[t] - known, g.h_initial + known * g.stride);
    }
    if (run.rows) f(run);
}

// Part ``part`` of ``n_parts`` of rows [0, K)
struct Range {
    Index first, last;
    Range(Index K, Index part, Index n_parts) {
        constexpr Index tile = 12;
        const Index chunk = ((K + tile - 1) / tile + n_parts - 1) / n_parts * tile;
        first = smaller(part * chunk, K);
        last = smaller(first + chunk, K);
    }
};

// Units [first, last) of a layer of H; first is the first of a panel
struct Units {
    Index first, last, H;
};

// Add sums (K, panels of the units) to W (K, gates H), rows ``rows`` only
template <class Cell, class T>
void add_unpacked(const T* sums, const Range& rows, const Units& units, const int* gate, T* W) {
    constexpr int L = Simd<T>::lanes, G = Cell::gates;
    sums += rows.first * padded<T>(units.last - units.first) * G;
    for (Index k = rows.first; k < rows.last; ++k)
        for (Index unit = units.first; unit < units.last; unit += L)
            for (int j = 0; j < G; ++j, sums += L) {
                T* to = W + (k * G + gate[j]) * units.H + unit;
                if (unit + L <= units.H) {
                    store(to, load(to) + load(sums));
                } else {
                    for (Index lane = 0; lane < units.H - unit; ++lane) to[lane] += sums[lane];
                }
            }
}

template <class Cell, class T>
void gradient(const Gradient<T>& g, T* scratch, Index part, Index n_parts) {
    const FlushDenormals mode;
    constexpr bool same = Cell::x_first == Cell::h_first && Cell::gates == Cell::slots;
    const Index row = g.stride * Cell::gates;
    const Range x(g.D, part, n_parts), h(g.H, n_parts - 1 - part, n_parts);
    const bool bias = part == 0;
    T *dW_x = scratch, *dW_h = dW_x + g.D * row, *db_x = dW_h + g.H * row, *db_h = db_x + row;
    clear(dW_x + x.first * row, (x.last - x.first) * row);
    clear(dW_h + h.first * row, (h.last - h.first) * row);
    if (bias) clear(db_x, 2 * row);
    const T one = 1;
    in_runs(g, [&](const Run<T>& run) {
        const T* da = g.tape + run.first * g.stride * Cell::slots;
        outer_products<Cell, T, Cell::x_first>(g.X + run.first * g.X_stride, g.X_stride, x.first, x.last, da,
                                               g.stride, run.rows, dW_x);
        outer_products<Cell, T, Cell::h_first>(run.h_prev, g.stride, h.first, h.last, da, g.stride, run.rows,
                                               dW_h);
        if (bias) outer_products<Cell, T, Cell::x_first>(&one, 0, 0, 1, da, g.stride, run.rows, db_x);
        if (bias && !same) outer_products<Cell, T, Cell::h_first>(&one, 0, 0, 1, da, g.stride, run.rows, db_h);
    });
    const Units units{0, g.H, g.H};
    const Range biases(1, 0, 1);
    add_unpacked<Cell>(dW_x, x, units, Cell::x_gate, g.W_x);
    add_unpacked<Cell>(dW_h, h, units, Cell::h_gate, g.W_h);
    if (!bias) return;
    add_unpacked<Cell>(db_x, biases, units, Cell::x_gate, g.b_x);
    add_unpacked<Cell>(same ? db_x : db_h, biases, units, Cell::h_gate, g.b_h);
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
