// Data as they lie in memory, and some sequences of them as a batch: the compiled twin of ``Sequences``, ``Batch`` and
// ``plan`` of skrnn/_engine (storage.py, batch.py, tbptt.py), where it is said what they mean.
//
// Shapes: n sequences of the data, B of a batch, T steps of its longest.

#pragma once

#include "arena.hpp"

namespace skrnn {

// n sequences of (T_i, F) numbers, in memory as they came.
struct Source {
    const char* data;  // null: Python must read them
    int type;          // place in SKRNN_NUMBERS
    Index n_features;
    Index step, column;   // bytes from one step to the next, from one feature to the next
    Index block_bytes;    // of dense storage: from one block to the next
    const Index* block;   // (n,) of dense storage: the block of each sequence; null: flat
    const Index* starts;  // (n,) its first step in the block, or in flat storage
    const Index* lengths;  // (n,)
    const Index* order;    // of flat storage: where its rows lie; null: as they stand
    const Index* columns;  // (F,) those that are features; null: all
};

// The types of numbers that can be read, as C++ has them.
#define SKRNN_NUMBERS(TYPE)                                                                            \
    TYPE(bool) TYPE(std::int8_t) TYPE(std::int16_t) TYPE(std::int32_t) TYPE(std::int64_t) TYPE(std::uint8_t) \
    TYPE(std::uint16_t) TYPE(std::uint32_t) TYPE(std::uint64_t) TYPE(float) TYPE(double)

// Step ``time`` of a sequence, F numbers; T is also Index, for tokens.
template <class T>
void read(const Source&, Index sequence, Index time, T* to);

struct Data {
    Source X;
    const Index* lengths;  // (n,) steps that are read, the delay included
    bool per_step, is_rectangular, has_equal_steps;
    Index delay;
    Index y_columns;
    const void* y;       // (n, y_columns) of the type that is computed in; per step it is y_of_steps
    Source y_of_steps;
    const double* weight;          // (n,)
    const double* inner;           // (n,) the rest of a loss's weight; null: 1
    Source inner_of_steps;         // the same per step; n_features 0: 1
    const double* share;           // (n,), null: 1
    double replication;
};

// Some sequences, sorted by falling length (stable).
class Batch {
  public:
    Batch(const Data& data, const Index* rows, Index B, Arena& arena);

    Index B, T = 0;
    Index *order, *rows, *lengths, *joins;  // (B,)
    double *weight;                 // (B,)
    double W = 0, S = 0;

    // Sequences alive at step t.
    Index alive(Index t) const;
    // u(i, t), the weight of a loss besides that of its sequence.
    double loss_weight(Index i, Index t) const;
    // Whether the steps first + 1..end have any weight, and how heavy they are; after ``weigh_steps``.
    bool has_weight(Index first, Index end) const;
    double relative_weight(Index first, Index end) const;
    void weigh_steps(Arena& arena);
    bool at_end() const { return !data_.per_step; }

  private:
    void sort(const Index* given, Arena& arena);
    void add_up_weights();

    const Data& data_;
    // (T + 1,) running sums over the steps: those with any weight; weights, and what these were if no step had one of
    // its own
    const Index* weighted_ = nullptr;
    double *sums_ = nullptr, *counts_ = nullptr;
};

// One window: run over start + 1..end, losses of first + 1..end; whether an update follows.
struct Span {
    Index start, first, end;
    bool update;
};

// The windows of a batch that have weight, in order.
class Plan {
  public:
    Plan(const Batch& batch, Index k1, Index k2, std::vector<Span>& chunk);
    bool next(Span* span);
    Index n_updates() const;  // of all windows

  private:
    bool next_chunk();

    const Batch& batch_;
    Index k1_, k2_, m_, lo_, at_ = 0;
    bool is_whole_, done_ = false;
    std::vector<Span>& chunk_;
};

}  // namespace skrnn
