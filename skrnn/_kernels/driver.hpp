// From one call of Python to slices on threads. Types are erased here (``is_double``) so that the
// binding stays thin; what each array holds is written in kernels.hpp.

#pragma once

#include <atomic>

#include "kernels.hpp"

namespace skrnn {

// Of several threads that want it, one takes it.
class Permit {
  public:
    void give() { is_there_.store(true); }
    bool is_there() const { return is_there_.load(); }
    bool take() { return is_there_.exchange(false); }

  private:
    std::atomic<bool> is_there_{false};
};

// The builds that this processor can run, best first; null after the last.
const Build* const* builds();

struct Layer {
    const Build* build;
    int cell;
    bool is_double;
    Index D, H;
    const void *W_x, *W_h, *b_x, *b_h;
};

struct Window {
    Steps steps;
    const void* X;
    Index X_stride;
    int n_threads;
};

struct Outputs {
    void *h, *c, *tape;
    void* state[2];
    void* kept[2];
    Index keep;
};

struct Inputs {
    const void* dh;
    Index dh_stride, first;
    void* dstate[2];
    void* dX;
};

// Lanes of a register: with what a cell and a solver are (kernels.hpp), the sizes of the arrays follow from it.
Index lanes(const Build&, bool is_double);
int n_cells();
const CellInfo& cell_info(int cell);
int n_solvers();
const SolverInfo& solver_info(int solver);

// False if memory for the packed weights is missing; nothing has been written then.
bool run_forward(const Layer&, const Window&, const Outputs&);
bool run_backward(const Layer&, const Window&, const Outputs& of_forward, const Inputs&);
// ``gradients``: W_x, W_h, b_x, b_h, shaped as the weights; added to
bool run_gradient(const Layer&, const Window&, const Outputs& of_backward, void* const gradients[4]);

// Of float64 only.
bool run_exact_gradient(const Layer&, const Window&, const Outputs& of_backward, void* const gradients[4],
                        const ExactSum&);

// The same with memory of the caller's: packed weights, which serve until the weights change, and scratch. They may
// throw std::bad_alloc where threads share the work.
struct LayerNumbers {
    Index forward, backward, gradient;  // packed weights, and scratch of gradient_in; of backward_packed it is B Hp
};

LayerNumbers numbers_of(const Layer&);
void pack_forward(const Layer&, void* packed);
void pack_backward(const Layer&, void* packed);
void forward_packed(const Layer&, const Window&, const Outputs&, const void* packed);
void backward_packed(const Layer&, const Window&, const Outputs& of_forward, const Inputs&, const void* packed,
                     void* direct);
void gradient_in(const Layer&, const Window&, const Outputs& of_backward, void* const gradients[4], void* scratch);

// One layer for one step of ``rows`` sequences at a time, with the weights packed once and for all by
// ``pack_forward``: the W and b of ``layer`` are not looked at.
struct OneStep {
    Layer layer;
    void* packed;
    Index rows;
    const void* X;  // (rows, D), rows X_stride apart
    Index X_stride;
    void* h;         // (rows, Hp) out
    void* state[2];  // (rows, Hp) in: before, out: after
};

void run_one_step(const OneStep&);

// One solver step and what comes before it; shapes and coefficients as in update.hpp.
struct Vectors {
    bool is_double;
    Index n;
    void *theta, *g, *memory, *theta_before, *memory_before;
};

double gather(const Build&, const Vectors&, Index matrices, double scale, double decay, double* penalty);
void step(const Build&, const Vectors&, int solver, double shrink, const double coefficients[COEFFICIENTS]);

// The same of parts of them, and steps that a part has missed, whose gradient was zero.
double gather(const Build&, const Vectors&, const Part* parts, Index n_parts, Index matrices, double scale,
              double decay, double* penalty);
void step(const Build&, const Vectors&, const Part&, int solver, double shrink,
          const double coefficients[COEFFICIENTS]);
void catch_up(const Build&, const Vectors&, const Part&, int solver, const double* coefficients, Index n_steps);

void apply(const Build&, int function, bool is_double, const void* x, void* y, Index n);

}  // namespace skrnn
