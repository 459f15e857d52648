// Training on one batch: the compiled twin of ``tbptt`` (skrnn/_engine/tbptt.py), of what it calls, and of ``Learner``.
// Types are erased as in driver.hpp.
//
// One direction, numbers as inputs, a read-out; FAST arithmetic; no dropout. Shapes: F inputs, K outputs, P weights; H
// units of a layer, G of its gates.

#pragma once

#include <memory>

#include "batch.hpp"
#include "learner.hpp"

namespace skrnn {

struct TrainingLayer {
    int cell;
    Index H;
    const void* weights[4];  // W_x, W_h, b_x, b_h: views of theta
    void* gradients[4];      // the same of g
};

constexpr int MOST_POOLINGS = 8;

// What Python must read, because it lies otherwise than in memory: rows of a batch's window, in packed order.
struct Reader {
    void* python;
    // 0: an error has come about, which Python remembers
    int (*inputs)(void* python, Index start, Index end, void* X);    // (N, F)
    int (*targets)(void* python, Index start, Index end, void* y);  // (N, y_columns)
};

struct Training {
    const Build* build;
    bool is_double;
    int n_threads;
    Index n_layers, K;
    const TrainingLayer* layers;
    const void *W, *b;  // of the read-out: (n_poolings H, K), (K,)
    void *dW, *db;
    int n_poolings, poolings[MOST_POOLINGS];
    int loss;
    const double* options;
    Data data;
    Reader reader;
    bool updates;  // false: gradients are only added up
    Vectors vectors;
    UpdateRule rule;
};

constexpr int N_NORMS = 5;

// Since the beginning of an epoch.
struct Totals {
    double loss, W, penalty, norm_sum;
    Index n_updates, n_clipped;
    double norms[N_NORMS];  // of update k at place k % N_NORMS
};

// Memory for one batch after the other; for one thread at a time.
class Workplace {
  public:
    Arena batch;
    std::vector<Span> chunk;
};

// Train on the sequences ``rows``: TBPTT(k1, k2), 0 for none. After anything but UPDATED theta is as it was after the
// latest whole update.
Outcome run_batch(Training&, Workplace&, const Index* rows, Index B, Index k1, Index k2, Totals*);

int n_poolings();
const char* pooling_name(int pooling);

}  // namespace skrnn
