// What becomes of a gradient: one update of theta, as ``Learner`` of skrnn/_engine/learner.py makes it. P weights.

#pragma once

#include "late_rows.hpp"

namespace skrnn {

// What is the same for all updates.
struct UpdateRule {
    Index matrices;  // weights with a penalty: the first ones
    double alpha;
    double clip_norm, clip_value;  // infinite: none
    int solver;
    double options[MOST_OPTIONS];
    // Weighting; with a mean of 0 all updates count the same
    double mean, noise, root_mean_square;
    Index t;  // steps that the solver has made
};

// What is gathered in g.
struct Gathered {
    double scale;            // of g
    double S;                // what alpha is divided by
    double share;            // of the weight that the update's batch has; 1 on average
    double relative_weight;  // of its steps within the batch; 1 on average
    double loss;             // must be finite
};

struct UpdateFacts {
    double penalty, norm;  // norm before clipping
    bool clipped;
};

enum Outcome : int {
    UPDATED = 0,
    LOSS_NOT_FINITE = -1,
    GRADIENT_NOT_FINITE = -2,
    BAD_LABEL = -3,
    BAD_TOKEN = -4,
    NO_MEMORY = -5,
    ERROR_OF_PYTHON = -6
};

// One update of theta from g, which is empty afterwards; of a gradient that is not finite only g is changed. Rows of a
// table may be ``late``, or null.
Outcome run_update(const Build&, const Vectors&, UpdateRule&, const Gathered&, UpdateFacts*, LateRows* late);

}  // namespace skrnn
