// Register tiles: MR rows by NV vectors of sums that stay in registers while one product runs over k.
//
//     sums[r][v] += a[r * a_row + k * a_step] * w[k * w_step + v * lanes]       k = 0, 1, ...
//
// Every sum is one chain over k in rising order, whatever the tile: so the result of a row does not
// depend on the rows computed beside it, and rows and vectors left over take smaller tiles.
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

// Vectors of single sums are taken four at a time, so that a broadcast serves four products.
constexpr int together(int slots) { return slots == 1 ? 4 : 1; }

// P groups of SLOTS sums; the product goes into the N of each group that start at FIRST.
template <class T, int MR, int P, int SLOTS, int FIRST, int N>
SKRNN_INLINE void product(Vector<T> (&sums)[MR][P * SLOTS], const T* a, Index a_row, Index a_step,
                          const T* w, Index w_step, Index K) {
    constexpr int NV = P * N;
    for (Index k = 0; k < K; ++k) {
        Vector<T> w_k[NV];
#pragma GCC unroll 16
        for (int v = 0; v < NV; ++v) w_k[v] = load(w + v * Simd<T>::lanes);
#pragma GCC unroll 16
        for (int r = 0; r < MR; ++r) {
            const T a_rk = a[r * a_row];
#pragma GCC unroll 16
            for (int v = 0; v < NV; ++v) sums[r][v / N * SLOTS + FIRST + v % N] += a_rk * w_k[v];
        }
        a += a_step;
        w += w_step;
    }
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
