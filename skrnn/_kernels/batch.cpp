#include "batch.hpp"

#include <algorithm>
#include <cstring>
#include <type_traits>

namespace skrnn {

namespace {

template <class Given, class T>
void read_as(const char* from, Index column, const Index* columns, Index n, T* to) {
    if (std::is_same<Given, T>::value && !columns && column == sizeof(T)) {
        std::memcpy(to, from, n * sizeof(T));
        return;
    }
    for (Index j = 0; j < n; ++j) {
        Given value;
        std::memcpy(&value, from + (columns ? columns[j] : j) * column, sizeof(Given));
        to[j] = T(value);
    }
}

#define SKRNN_READ_AS(Given) read_as<Given, T>,

template <class T>
constexpr void (*readers[])(const char*, Index, const Index*, Index, T*) = {SKRNN_NUMBERS(SKRNN_READ_AS)};

}  // namespace

template <class T>
void read(const Source& s, Index sequence, Index time, T* to) {
    Index row = s.starts[sequence] + time;
    if (s.order) row = s.order[row];
    const char* const block = s.block ? s.data + s.block[sequence] * s.block_bytes : s.data;
    readers<T>[s.type](block + row * s.step, s.column, s.columns, s.n_features, to);
}
template void read(const Source&, Index, Index, float*);
template void read(const Source&, Index, Index, double*);
template void read(const Source&, Index, Index, Index*);

// --- Batch --------------------------------------------------------------------------------------------

Batch::Batch(const Data& data, const Index* given, Index n, Arena& arena) : B(n), data_(data) {
    rows = arena.take<Index>(B);
    lengths = arena.take<Index>(B);
    joins = arena.take<Index>(B);
    weight = arena.take<double>(B);
    sort(given, arena);
    T = lengths[0];
    for (Index i = 0; i < B; ++i) {
        weight[i] = data.weight[rows[i]];
        joins[i] = at_end() ? T - lengths[i] : 0;
    }
    add_up_weights();
}

void Batch::sort(const Index* given, Arena& arena) {
    const Index* const all = data_.lengths;
    order = arena.take<Index>(B);
    for (Index i = 0; i < B; ++i) order[i] = i;
    if (!data_.is_rectangular)
        std::sort(order, order + B, [&](Index a, Index b) {
            const Index of_a = all[given[a]], of_b = all[given[b]];
            return of_a > of_b || (of_a == of_b && a < b);  // stable, without the memory that std::stable_sort takes
        });
    for (Index i = 0; i < B; ++i) {
        rows[i] = given[order[i]];
        lengths[i] = all[rows[i]];
    }
}

Index Batch::alive(Index t) const {
    if (data_.is_rectangular) return B;
    if (at_end()) return std::upper_bound(joins, joins + B, t) - joins;
    return std::lower_bound(lengths, lengths + B, t, [](Index length, Index t) { return length > t; }) - lengths;
}

double Batch::loss_weight(Index i, Index t) const {
    const Index time = t - joins[i];
    if (!data_.per_step) {
        const double a = data_.replication, inner = data_.inner ? data_.inner[rows[i]] : 1;
        return (a / double(lengths[i]) + (1 - a) * (time == lengths[i] - 1)) * inner;
    }
    if (time < data_.delay) return 0;
    double u = 1;
    if (data_.inner_of_steps.n_features) read(data_.inner_of_steps, rows[i], time - data_.delay, &u);
    return u;
}

void Batch::add_up_weights() {
    for (Index i = 0; i < B; ++i) {
        if (!data_.per_step) {
            W += weight[i] * (data_.inner ? data_.inner[rows[i]] : 1);
            continue;
        }
        const Index n_targets = lengths[i] - data_.delay;
        double sum = double(n_targets);
        if (data_.inner_of_steps.n_features) {
            sum = 0;
            for (Index t = data_.delay; t < lengths[i]; ++t) sum += loss_weight(i, t);
        }
        W += weight[i] * sum;
        S += weight[i] * (sum / double(n_targets)) * (data_.share ? data_.share[rows[i]] : 1);
    }
    if (!data_.per_step) S = W;
}

void Batch::weigh_steps(Arena& arena) {
    const bool last_only = at_end() && data_.replication == 0;
    Index* const weighted = arena.zeros<Index>(T + 1);
    if (data_.per_step && data_.inner_of_steps.n_features && !data_.has_equal_steps) {
        sums_ = arena.zeros<double>(T + 1);
        counts_ = arena.zeros<double>(T + 1);
    }
    for (Index t = last_only ? T - 1 : 0; t < T; ++t) {
        const Index B_t = alive(t);
        double sum = 0, count = 0;
        for (Index i = 0; i < B_t; ++i) {
            const double u = loss_weight(i, t);
            sum += u * weight[i];
            count += (u > 0) * weight[i];
        }
        weighted[t + 1] = weighted[t] + (sum > 0);
        if (!counts_) continue;
        sums_[t + 1] = sums_[t] + sum;
        counts_[t + 1] = counts_[t] + count;
    }
    weighted_ = weighted;
}

bool Batch::has_weight(Index first, Index end) const { return !weighted_ || weighted_[end] > weighted_[first]; }

double Batch::relative_weight(Index first, Index end) const {
    if (!counts_) return 1;
    return (sums_[end] - sums_[first]) / (counts_[end] - counts_[first]) * (counts_[T] / W);
}

// --- Plan ---------------------------------------------------------------------------------------------

Plan::Plan(const Batch& batch, Index k1, Index k2, std::vector<Span>& chunk)
    : batch_(batch),
      k1_(k1 > 0 ? k1 : batch.T),
      k2_(k2 > 0 ? k2 : k1_),
      m_(std::min(k1_, k2_)),
      lo_(batch.at_end() ? (batch.T - 1) % k1_ + 1 - k1_ : 0),
      is_whole_(k1_ >= batch.T && k2_ >= batch.T),
      chunk_(chunk) {
    chunk_.clear();
}

// The windows of the next update that has any, in order.
bool Plan::next_chunk() {
    chunk_.clear();
    at_ = 0;
    if (is_whole_ && !done_) {
        chunk_.push_back({0, 0, batch_.T, true});
        done_ = true;
    }
    for (; !is_whole_ && chunk_.empty() && lo_ < batch_.T; lo_ += k1_) {
        const Index lo = std::max(lo_, Index(0)), hi = std::min(lo_ + k1_, batch_.T);
        // k1 is cut into windows of m steps from the side on which the batch is aligned
        const Index n = (hi - lo + m_ - 1) / m_;
        for (Index k = 0; k < n; ++k) {
            const Index end = batch_.at_end() ? hi - (n - 1 - k) * m_ : std::min(lo + (k + 1) * m_, hi);
            const Index first = batch_.at_end() ? std::max(end - m_, lo) : lo + k * m_;
            const Index start = batch_.at_end() ? end - k2_ : lo + (k + 1) * m_ - k2_;
            if (batch_.has_weight(first, end)) chunk_.push_back({std::max(start, Index(0)), first, end, false});
        }
        if (!chunk_.empty()) chunk_.back().update = true;
    }
    return !chunk_.empty();
}

bool Plan::next(Span* span) {
    if (at_ == Index(chunk_.size()) && !next_chunk()) return false;
    *span = chunk_[at_++];
    return true;
}

Index Plan::n_updates() const {
    std::vector<Span>& chunk = chunk_;
    Plan plan = *this;
    Index n = 0;
    while (plan.next_chunk()) ++n;
    chunk.clear();
    return n;
}

}  // namespace skrnn
