// The linear read-out of one pooling, R numbers wide: raw = b + P W, and its way back. K outputs.
//
// P and dP are (rows, Rp), raw and draw (rows, Kp), padded with zeros to whole registers; W (R, K) is not. Packed
// weights, L lanes, panels of L:
//     forward    W:   [panel of K][Rp][L]
//     backward   W^T: [panel of R][Kp][L]

#pragma once

#include "window.hpp"

namespace skrnn {
namespace SKRNN_ISA {

// What the products of window.hpp take for a cell: one sum for each output.
struct Linear {
    static constexpr int gates = 1, slots = 1, x_first = 0;
    static constexpr int gate[] = {0};
};

// W -> both packed forms, each Rp Kp numbers
template <class T>
void pack_read_out(const T* W, Index R, Index K, T* forward, T* backward) {
    constexpr Index L = Simd<T>::lanes;
    const Index Rp = padded<T>(R), Kp = padded<T>(K);
    for (Index k = 0; k < Kp; k += L)
        for (Index r = 0; r < Rp; ++r, forward += L)
            store(forward, r < R && k < K ? load_at_most(W + r * K + k, K - k) : zero<T>());
    pack_transposed<Linear>(W, R, K, Linear::gate, backward);
}

// raw += P W
template <class T>
void read_out_forward(const T* P, const T* packed, Index R, Index K, Index rows, T* raw) {
    const FlushDenormals mode;
    transposed_product<Linear, T, 0>(P, padded<T>(R), packed, padded<T>(K), raw, raw, 0, rows);
}

// dP = draw W^T
template <class T>
void read_out_backward(const T* draw, const T* packed, Index R, Index K, Index rows, T* dP) {
    const FlushDenormals mode;
    transposed_product<Linear, T, 0>(draw, padded<T>(K), packed, padded<T>(R), static_cast<const T*>(nullptr), dP, 0,
                                     rows);
}

// dW += P^T draw; without P, which then counts as a column of ones (R = 1), a bias. Scratch of R Kp numbers.
template <class T>
void read_out_gradient(const T* P, const T* draw, Index R, Index K, Index rows, T* scratch, T* dW) {
    const FlushDenormals mode;
    const Index Kp = padded<T>(K);
    const T one = 1;
    clear(scratch, R * Kp);
    for (Index row = 0; row < rows; row += BLOCK) {
        const T* const a = P ? P + row * padded<T>(R) : &one;
        outer_products<Linear, T, 0>(a, P ? padded<T>(R) : 0, 0, R, draw + row * Kp, Kp, smaller(BLOCK, rows - row),
                                     scratch);
    }
    add_unpacked<Linear>(scratch, Range(R, 0, 1), Units{0, K, K}, Linear::gate, dW);
}

}  // namespace SKRNN_ISA
}  // namespace skrnn
