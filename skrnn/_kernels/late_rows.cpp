#include "late_rows.hpp"

#include <algorithm>
#include <cstring>

namespace skrnn {

namespace {

Index bytes(const Vectors& v) { return v.is_double ? sizeof(double) : sizeof(float); }

char* place(void* array, const Vectors& v, Index k) { return static_cast<char*>(array) + k * bytes(v); }

}  // namespace

void LateRows::begin(const Build& build, const Vectors& vectors, int solver, Index first, Index n_rows, Index width) {
    build_ = &build;
    vectors_ = vectors;
    solver_ = solver;
    first_ = first;
    last_ = first + n_rows * width;
    width_ = width;
    n_steps_ = 0;
    coefficients_.clear();
    rows_.clear();
    n_done_.assign(n_rows, 0);
    read_for_.assign(n_rows, 0);
}

// Whether the solver remembers nothing of these numbers.
bool LateRows::is_at_rest(const Part& part) const {
    const Index size = (part.last - part.first) * bytes(vectors_);
    for (int s = 0; s < solver_info(solver_).slots; ++s) {
        const char* const memory = place(vectors_.memory, vectors_, s * vectors_.n + part.first);
        if (memory[0] || std::memcmp(memory, memory + 1, size - 1)) return false;
    }
    return true;
}

// What is there before a step.
void LateRows::keep(const Part& part) {
    const Vectors& v = vectors_;
    const Index size = (part.last - part.first) * bytes(v);
    std::memcpy(place(v.theta_before, v, part.first), place(v.theta, v, part.first), size);
    for (int s = 0; s < solver_info(solver_).slots; ++s) {
        const Index k = s * v.n + part.first;
        std::memcpy(place(v.memory_before, v, k), place(v.memory, v, k), size);
    }
}

void LateRows::catch_up(Index k) {
    const Index done = n_done_[k], missed = n_steps_ - done;
    if (!missed) return;
    const Part part = row(k);
    const bool moves = !is_at_rest(part);
    const double* const coefficients = coefficients_.data() + done * COEFFICIENTS;
    if (moves) skrnn::catch_up(*build_, vectors_, part, solver_, coefficients, missed - 1);
    keep(part);
    if (moves) skrnn::catch_up(*build_, vectors_, part, solver_, coefficients + (missed - 1) * COEFFICIENTS, 1);
    n_done_[k] = n_steps_;
}

void LateRows::has_gradient(Index k) {
    if (read_for_[k] == n_steps_ + 1) return;
    rows_.push_back(k);
    read_for_[k] = n_steps_ + 1;
}

double LateRows::gather(Index matrices, double scale, double decay, double* penalty) {
    // whole registers, each once, in the order in which the whole of g would be walked through
    const Index L = lanes(*build_, vectors_.is_double);
    Index done = 0;
    const auto add = [&](Index first, Index last) {
        const Part part = {std::max(first / L * L, done), std::min((last + L - 1) / L * L, vectors_.n)};
        if (part.first < part.last) parts_.push_back(part);
        done = std::max(done, part.last);
    };
    parts_.clear();
    std::sort(rows_.begin(), rows_.end());
    add(0, first_);
    for (const Index k : rows_) add(row(k).first, row(k).last);
    add(last_, vectors_.n);
    return skrnn::gather(*build_, vectors_, parts_.data(), parts_.size(), matrices, scale, decay, penalty);
}

void LateRows::step(double shrink, const double coefficients[COEFFICIENTS]) {
    coefficients_.insert(coefficients_.end(), coefficients, coefficients + COEFFICIENTS);
    const auto make = [&](const Part& part) { skrnn::step(*build_, vectors_, part, solver_, shrink, coefficients); };
    make({0, first_});
    make({last_, vectors_.n});
    ++n_steps_;
    for (const Index k : rows_) {
        make(row(k));
        n_done_[k] = n_steps_;
    }
    rows_.clear();
}

void LateRows::finish() {
    for (Index k = 0; k < Index(n_done_.size()); ++k) catch_up(k);
}

}  // namespace skrnn
