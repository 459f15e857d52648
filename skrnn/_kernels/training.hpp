// Training on one batch: the compiled twin of ``tbptt`` (skrnn/_engine/tbptt.py), of what it calls, and of ``Learner``.
// Types are erased as in driver.hpp.
//
// FAST arithmetic, a read-out, no dropout of weights. Shapes: F inputs, K outputs, P weights; H units of a layer in each
// direction, Q those of the top layer in all directions.

#pragma once

#include <memory>

#include "batch.hpp"
#include "learner.hpp"

namespace skrnn {

constexpr int MOST_DIRECTIONS = 2;

struct TrainingLayer {
    int cell;
    Index H;
    const void* weights[MOST_DIRECTIONS][4];  // W_x, W_h, b_x, b_h: views of theta
    void* gradients[MOST_DIRECTIONS][4];      // the same of g
    // states (n, H) before the first steps of all sequences of the data, and after the last; null: zeros, not wanted
    const void* start[2];
    void* ends[2];
};

constexpr int MOST_POOLINGS = 8;

// What Python must do; 0: an error has come about, which it remembers.
struct Callbacks {
    void* python;
    // rows of a batch's window, in packed order, that lie otherwise than in memory
    int (*inputs)(void* python, Index start, Index end, void* X);   // (N, F), or (N,) tokens
    int (*targets)(void* python, Index start, Index end, void* y);  // (N, y_columns)
    // for each layer a mask (B, width), of what the next one reads, the sequences in the order in which they came
    int (*masks)(void* python, Index B, void* const* masks);
    // now and then, after an update: whether somebody wants to end this
    int (*look_around)(void* python);
};

struct Training {
    const Build* build;
    bool is_double;
    int n_threads;
    Index n_layers, K;
    int n_directions;
    const TrainingLayer* layers;
    const void *W, *b;  // of the read-out: (n_poolings Q, K), (K,)
    void *dW, *db;
    Index n_tokens, F;   // F: inputs of the first layer
    const void* table;   // (n_tokens, F), with its gradient; null: X holds numbers
    void* dtable;
    bool has_masks;
    int n_poolings, poolings[MOST_POOLINGS];
    int loss;
    const double* options;
    Data data;
    Callbacks callbacks;
    bool updates;  // false: gradients are only added up
    Vectors vectors;
    UpdateRule rule;
    LateRows* late;  // the table's, where its updates are put off; or null
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
