// One row of each of some sequences, learned from forwards in time: layer, read-out, loss, gradient.
// Types are erased as in driver.hpp.
//
// Shapes: H units, Hp of them with padding, K outputs.

#pragma once

#include "driver.hpp"

namespace skrnn {

int n_influences();
const char* influence_name(int influence);

// What is read, what goes along, and memory for the way. Nothing is packed: the weights may change between two rows.
struct OnlineLearner {
    Layer layer;
    int influence, loss;
    Index rows, K;
    const void* x;              // (rows, D)
    void* state[2];             // (rows, Hp) in: before, out: after the row
    void *J, *slopes, *scratch;  // as numbers_of says, of the first two so many for each row
    const void *W, *b;          // (H, K), (K,) of the read-out
    void *raw, *draw;           // (rows, K) out
    void* dh;                   // (rows, Hp) scratch
    void* gradients[6];         // of W_x, W_h, b_x, b_h, W, b, shaped as they are; added to
    const double* options;        // of the loss
    const double* class_factors;  // what the losses of the classes are multiplied with; null: 1
};

struct OnlineNumbers {
    Index J, flat, slopes, scratch;  // flat: of J as NumPy has it
};

OnlineNumbers numbers_of(const Layer&, int influence);
void get_influence(const OnlineLearner&, Index row, void* flat);
void set_influence(const OnlineLearner&, Index row, const void* flat);

// The states, J and ``raw`` after the row; with y, (rows, K) or (rows, 1), also the gradients. Returns the sum of
// the losses.
double run_row(const OnlineLearner&, const void* y);

}  // namespace skrnn
