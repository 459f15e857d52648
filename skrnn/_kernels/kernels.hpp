// What the builds for the different processors offer, and what they are given: plain structs, no templates
// but the number type, so that every build and the code that chooses between them agree on the layout.
//
// Shapes: a packed window (skrnn/_packing.py) of T steps and N rows, B sequences, D inputs, H units, G gates.
// Rows of what the kernels make are padded to ``stride`` = Hp, the next multiple of the register's lanes.
//
//     tape (N, Hp / lanes, slots, lanes)    the slots of cells.hpp, side by side for each register of units
//
// Nothing here checks: _binding.pyx has done so.

#pragma once

#include <cstddef>
#include <cstdint>

namespace skrnn {

using Index = std::int64_t;

enum CellId { RNN_TANH, RNN_RELU, LSTM, GRU, N_CELLS };

struct Steps {
    Index T, B;
    const Index* n;        // (T,) sequences alive: their rows are the first n[t] of the batch
    const Index* offsets;  // (T + 1,) first packed row of each step
    bool reverse;          // run from the last step to the first
};

template <class T>
struct Weights {
    Index D, H;
    const T *W_x, *W_h, *b_x, *b_h;  // (D, G), (H, G), (G,), (G,), C-contiguous
};

template <class T>
struct Forward {
    Steps steps;
    Index D, H, stride;
    const T* X;  // (N, D), rows X_stride apart
    Index X_stride;
    const T* packed;
    T* h;         // (N, Hp) out
    T* c;         // (N, Hp) out, for backward; null: not kept
    T* tape;      // out, for backward; null: not kept
    T* state[2];  // (B, Hp) in: initial, out: final
    T* kept[2];   // (B, Hp) out: state before step ``keep``; null: not asked
    Index keep;
};

template <class T>
struct Backward {
    Steps steps;
    Index D, H, stride, D_stride;
    const T* packed;
    const T* dh;  // gradients of the outputs of the steps from ``first`` on, rows dh_stride apart; or null
    Index dh_stride, first;
    const T *h, *c;             // (N, Hp) of forward
    const T* initial[2];        // (B, Hp) states before the window
    T* tape;                    // of forward; out: gradients of the sums
    T* dstate[2];               // (B, Hp) in: gradient of the final state, out: of the initial one
    T* direct;                  // (B, Hp) scratch
    T* dX;                      // (N, D_stride) out, or null
};

template <class T>
struct Gradient {
    Steps steps;
    Index D, H, stride;
    const T* X;
    Index X_stride;
    const T* h;
    const T* h_initial;  // (B, Hp)
    const T* tape;       // gradients of the sums
    T *W_x, *W_h, *b_x, *b_h;  // added to
};

// One cell in one number type. Slices are ranges of sequences, parts are ranges of rows of [W_x; W_h; b];
// neither changes a bit of the result, so that threads can share them as they like.
template <class T>
struct Kernel {
    int slots, states;
    bool has_tape;
    Index (*forward_size)(Index D, Index H);  // numbers in ``packed``
    Index (*backward_size)(Index D, Index H);
    void (*pack_forward)(const Weights<T>&, T* packed);
    void (*pack_backward)(const Weights<T>&, T* packed);
    void (*forward)(const Forward<T>&, Index first_row, Index last_row);
    void (*backward)(const Backward<T>&, Index first_row, Index last_row);
    Index (*gradient_size)(Index D, Index H);  // numbers of scratch, shared by all parts
    void (*gradient)(const Gradient<T>&, T* scratch, Index part, Index n_parts);
    // the same of float64, the sum over sequences, each times its weight, without rounding: see exact.hpp
    Index (*exact_size)(Index T_, Index D, Index H, int n_pieces);
    void (*exact_gradient)(const Gradient<T>&, const T* weight, const T* units, int n_pieces, T* scratch);
};

enum SolverId { SGD, ADAM, RMSPROP, N_SOLVERS };

constexpr int COEFFICIENTS = 7;  // of a solver's step, at most; see update.hpp

// theta and gradient of P numbers, memory of slots times P
template <class T>
struct Update {
    Index n;
    T *theta, *g, *memory;
    T *theta_before, *memory_before;  // out
    T shrink;                         // factor of g, from clipping
    T coefficients[COEFFICIENTS];
};

template <class T>
struct Updates {
    double (*gather)(T* g, const T* theta, Index n, Index matrices, T scale, T decay, double* penalty);
    void (*step[N_SOLVERS])(const Update<T>&);
};

struct Build {
    const char* name;
    int vector_bytes;
    Kernel<float> float32[N_CELLS];
    Kernel<double> float64[N_CELLS];
    Updates<float> update32;
    Updates<double> update64;
    void (*apply_float32)(int function, const float* x, float* y, Index n);  // 0: tanh, 1: sigmoid
    void (*apply_float64)(int function, const double* x, double* y, Index n);
};

extern const Build baseline_build;
#if defined(__x86_64__)
extern const Build avx2_build;
extern const Build avx512_build;
#endif

}  // namespace skrnn
