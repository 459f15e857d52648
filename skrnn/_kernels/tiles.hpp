// Register tiles: MR rows by NV vectors of sums that stay in registers while one product runs over k.
//
//     sums[r][p][j] += a[r * a_row + k * a_step] * w[p * w_panel + k * w_step + j * lanes]     k = 0, 1, ...
//
// for P panels of N vectors. Every sum is one chain over k in rising order, whatever the tile: so the result of
// a row does not depend on the rows computed beside it, and rows and vectors left over take smaller tiles.
//
// SKRNN_SUMS is how many sums fit into the registers of a build beside weights and broadcasts.

#pragma once

#include "kernels.hpp"
#include "vector.hpp"

namespace skrnn {
namespace SKRNN_ISA {

template <int N>
struct Int {
    static constexpr int value = N;
};

constexpr int most_rows(int vectors) { return SKRNN_SUMS / vectors < 12 ? SKRNN_SUMS / vectors : 12; }

constexpr int fewer(int rows) {
    return rows == 12 ? 6 : rows == 6 ? 4 : rows == 3 ? 2 : rows / 2;
}

// f(Int<rows>, first row) over [first, last) in tiles of at most MR rows
template <int MR, class F>
SKRNN_INLINE void in_tiles(Index first, Index last, const F& f) {
    for (; last - first >= MR; first += MR) f(Int<MR>(), first);
    if constexpr (MR > 1) in_tiles<fewer(MR)>(first, last, f);
}

// Panels that a tile of so many rows takes at once: a broadcast serves several products, and one or two rows
// alone would leave the processor waiting for each addition to end.
constexpr int panels_for(int rows, int vectors) {
    int panels = 1;
    while (panels < 8 && 2 * panels * vectors * rows <= SKRNN_SUMS && panels * vectors < 16) panels *= 2;
    return panels;
}

// Rows of a full tile: with one or two sums for each row and panel, several panels share the registers.
constexpr int full_rows(int vectors) { return most_rows(vectors < 3 ? 4 : vectors); }

// tile(Int<rows>, Int<panels>, row, panel) over rows [first, last) and all panels; ``vectors`` sums for each row
// and panel. Panel by panel, so that its weights stay in the first cache for all rows.
template <int vectors, class F>
SKRNN_INLINE void in_rows_and_panels(Index first, Index last, Index panels, const F& tile) {
    constexpr int MR = full_rows(vectors), P = panels_for(MR, vectors);
    if constexpr (P > 1)
        if (panels == 1)
            return in_tiles<most_rows(vectors)>(
                first, last, [&](auto r, Index row) { tile(r, Int<1>(), row, Index(0)); });
    const Index whole = first + (last - first) / MR * MR;
    if (whole > first)
        in_tiles<P>(0, panels, [&](auto p, Index panel) {
            for (Index row = first; row < whole; row += MR) tile(Int<MR>(), p, row, panel);
        });
    if constexpr (MR > 1)
        in_tiles<fewer(MR)>(whole, last, [&](auto r, Index row) {
            in_tiles<panels_for(decltype(r)::value, vectors)>(
                0, panels, [&](auto p, Index panel) { tile(r, p, row, panel); });
        });
}

// P panels of SLOTS sums; the product goes into the N of each panel that start at FIRST.
template <class T, int MR, int P, int SLOTS, int FIRST, int N>
SKRNN_INLINE void product(Vector<T> (&sums)[MR][P * SLOTS], const T* a, Index a_row, Index a_step,
                          const T* w, Index w_panel, Index w_step, Index K) {
    constexpr int NV = P * N, L = Simd<T>::lanes;
    auto weight = [&](int v) { return load(w + v / N * w_panel + v % N * L); };
    auto sum = [&](int r, int v) -> Vector<T>& { return sums[r][v / N * SLOTS + FIRST + v % N]; };
    for (Index k = 0; k < K; ++k, a += a_step, w += w_step) {
        if constexpr (MR < NV) {  // the fewer of the two stay in registers for all of the others
            Vector<T> a_k[MR];
#pragma GCC unroll 16
            for (int r = 0; r < MR; ++r) a_k[r] = a[r * a_row] - zero<T>();  // a broadcast: x - 0 is x, even -0
#pragma GCC unroll 16
            for (int v = 0; v < NV; ++v) {
                const Vector<T> w_kv = weight(v);
#pragma GCC unroll 16
                for (int r = 0; r < MR; ++r) sum(r, v) += a_k[r] * w_kv;
            }
        } else {
            Vector<T> w_k[NV];
#pragma GCC unroll 16
            for (int v = 0; v < NV; ++v) w_k[v] = weight(v);
#pragma GCC unroll 16
            for (int v = 0; v < NV; ++v)  // weights of many inputs do not stay in the first cache
                __builtin_prefetch(w + 8 * w_step + v / N * w_panel + v % N * L);
#pragma GCC unroll 16
            for (int r = 0; r < MR; ++r) {
                const T a_rk = a[r * a_row];
#pragma GCC unroll 16
                for (int v = 0; v < NV; ++v) sum(r, v) += a_rk * w_k[v];
            }
        }
    }
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
