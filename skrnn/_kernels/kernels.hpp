// What the builds for the different processors offer, and what they are given: plain structs, no templates
// but the number type, so that every build and the code that chooses between them agree on the layout.
//
// Shapes: a packed window (skrnn/_engine/packing.py) of T steps and N rows, B sequences, D inputs, H units, G gates.
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

// What a cell is, apart from its arithmetic; see cells.hpp. The number of a cell is its place in a build's table.
struct CellInfo {
    const char* name;
    int gates, slots, states, x_first, h_first;
    const int *x_gate, *h_gate;  // (gates,)
    bool has_tape;
};

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

constexpr int MOST_PIECES = 8;

// How weight gradients are summed over sequences without rounding: see exact.hpp.
struct ExactSum {
    const double* weight;  // (B,)
    const double* units;   // (n_pieces,) 2^(number of steps and weights)
    int n_pieces;          // <= MOST_PIECES
};

// One layer that learns forwards in time, one step of all its rows: see online.hpp.
template <class T>
struct Online {
    Index D, H, rows;
    const T *W_x, *W_h, *b_x, *b_h;      // C-contiguous, as in ``Weights``
    const T* x;                          // (rows, D)
    T* state[2];                         // (rows, Hp) in: before, out: after the step
    T* J;                                // of each row Influence::size numbers
    T* slopes;                           // of each row slopes_size numbers: from the step to ``advance``
    T* scratch;                          // Influence::scratch_size numbers
    const T* dh;                         // (rows, Hp) gradient with respect to the new h; null: none
    T *dW_x, *dW_h, *db_x, *db_h;        // added to where there is dh
};

// J of one row; ``flat`` is its form in skrnn/_engine/online.py. What ``set`` is given has come about in steps: rows of
// it that are the same then are read once.
template <class T>
struct Influence {
    Index (*size)(Index D, Index H);
    Index (*flat_size)(Index D, Index H);
    Index (*scratch_size)(Index D, Index H);
    void (*get)(const T* J, T* flat, Index D, Index H);
    void (*set)(T* J, const T* flat, Index D, Index H);
    void (*advance)(const Online<T>&);
};

constexpr int MOST_INFLUENCES = 2;

// One cell in one number type. Slices are ranges of sequences, parts are ranges of the weights; neither changes
// a bit of the result, so that threads can share them as they like.
template <class T>
struct Kernel {
    Index (*forward_size)(Index D, Index H);  // numbers in ``packed``
    Index (*backward_size)(Index D, Index H);
    void (*pack_forward)(const Weights<T>&, T* packed);
    void (*pack_backward)(const Weights<T>&, T* packed);
    void (*forward)(const Forward<T>&, Index first_row, Index last_row);
    void (*backward)(const Backward<T>&, Index first_row, Index last_row);
    Index (*gradient_size)(Index D, Index H);  // numbers of scratch, shared by all parts
    void (*gradient)(const Gradient<T>&, T* scratch, Index part, Index n_parts);
    Index (*slopes_size)(Index D, Index H);
    void (*online_step)(const Online<T>&);
    Influence<T> influences[MOST_INFLUENCES];  // in the order of online.hpp
    // of float64 only, else null
    Index (*exact_size)(Index T_, Index D, Index H, int n_pieces, Index n_parts);  // scratch of each part
    void (*exact_gradient)(const Gradient<T>&, const ExactSum&, T* scratch, Index part, Index n_parts);
};

// The products of the read-out; see read_out.hpp.
template <class T>
struct ReadOut {
    void (*pack)(const T* W, Index R, Index K, T* forward, T* backward);
    void (*forward)(const T* P, const T* packed, Index R, Index K, Index rows, T* raw);
    void (*backward)(const T* draw, const T* packed, Index R, Index K, Index rows, T* dP);
    void (*gradient)(const T* P, const T* draw, Index R, Index K, Index rows, T* scratch, T* dW);
};

constexpr int COEFFICIENTS = 7;  // of a solver's step, at most; see update.hpp
constexpr int MOST_OPTIONS = 4;  // of a solver

// The number of a solver is its place in a build's table; see update.hpp.
struct SolverInfo {
    const char* name;
    int slots;      // arrays of P numbers that it remembers
    int n_options;  // what it takes of its parameters
    bool divides;   // by the root of the mean square of g
    // of step number t; ``share`` is what a solver that divides multiplies g with besides
    void (*coefficients)(const double* options, double t, double share, double* coefficients);
};

// Places of theta, from the first on and before the last.
struct Part {
    Index first, last;
};

// n numbers of theta and gradient, and of memory slots times so many, ``stride`` apart
template <class T>
struct Update {
    Index n, stride;
    T *theta, *g, *memory;
    T *theta_before, *memory_before;  // out
    T shrink;                         // factor of g, from clipping
    T coefficients[COEFFICIENTS];
};

// Steps that n numbers without gradient have missed.
template <class T>
struct Missed {
    Index n, stride;
    T *theta, *memory;
    const double* coefficients;  // (n_steps, COEFFICIENTS)
    Index n_steps;
    T g;  // 0
};

template <class T>
struct Updates {
    double (*gather)(T* g, const T* theta, const Part* parts, Index n_parts, Index matrices, T scale, T decay,
                     double* penalty);
    void (*const* step)(const Update<T>&);  // for every solver
    void (*const* catch_up)(const Missed<T>&);
};

struct Build {
    const char* name;
    int vector_bytes;
    int n_cells, n_solvers, n_influences;
    const CellInfo* cells;  // the tables: one entry for every cell
    const Kernel<float>* float32;
    const Kernel<double>* float64;
    const SolverInfo* solvers;
    const char* const* influences;  // their names
    Updates<float> update32;
    Updates<double> update64;
    ReadOut<float> read_out32;
    ReadOut<double> read_out64;
    void (*apply_float32)(int function, const float* x, float* y, Index n);  // 0: tanh, 1: sigmoid
    void (*apply_float64)(int function, const double* x, double* y, Index n);
};

extern const Build baseline_build;
#if defined(__x86_64__)
extern const Build avx2_build;
extern const Build avx512_build;
#endif

}  // namespace skrnn
