// Updates of a large table of embeddings, of whose rows a batch reads few. The others have no gradient, and the table
// no penalty: what an update makes of such a row depends on nothing but the row. So it is put off until the row is read,
// or the epoch ends, and all that it has missed is done at once, while it is in the cache. The bits are those of updates
// of the whole table, only memory is not walked through for each of them.
//
// A solver must leave a number alone whose memory and gradient are zero: then rows never read cost nothing at all.

#pragma once

#include <vector>

#include "driver.hpp"

namespace skrnn {

class LateRows {
  public:
    // Before an epoch. The rows, each of ``width`` numbers, begin at place ``first`` of theta.
    void begin(const Build&, const Vectors&, int solver, Index first, Index n_rows, Index width);

    // Before a row is read, and where gradient is added to it.
    void catch_up(Index row);
    void has_gradient(Index row);

    // As those of driver.hpp, of all weights.
    double gather(Index matrices, double scale, double decay, double* penalty);
    void step(double shrink, const double coefficients[COEFFICIENTS]);

    // After the epoch: all rows, and what was before the latest step, are as if no update had been put off.
    void finish();

  private:
    Part row(Index k) const { return {first_ + k * width_, first_ + (k + 1) * width_}; }
    bool is_at_rest(const Part&) const;
    void keep(const Part&);

    const Build* build_ = nullptr;
    Vectors vectors_;
    int solver_;
    Index first_, last_, width_, n_steps_ = 0;
    std::vector<double> coefficients_;  // of all steps of the epoch
    std::vector<Index> n_done_;         // (n_rows,) steps that each row has made
    std::vector<Index> read_for_;       // (n_rows,) the step, from 1 up, that a row has gradient for
    std::vector<Index> rows_;           // those that have gradient
    std::vector<Part> parts_;
};

}  // namespace skrnn
