// The compiled kernels on random work, without Python: for the sanitizers, see test_kernels_sanitized.py.
//
//     kernels_fuzz ROUNDS SEED [CALLERS [LEAST_THREADS]]
//
// Every array is memory of its own, exactly as large as kernels.hpp and driver.hpp say, so that the
// AddressSanitizer sees the first number read or written beyond. All that no kernel may make use of,
// padding and what has not been written yet, holds garbage. Every round runs twice, with other garbage,
// at other addresses and in other slices: through driver.hpp on threads, and through the table of the build
// with scratch memory of exact size. The results must be the same.
//
// CALLERS threads do this at the same time; each call may use LEAST_THREADS to 3 threads.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#if defined(__linux__)
#include <dirent.h>
#endif

#include "driver.hpp"
#include "learning.hpp"
#include "losses.hpp"
#include "memory.hpp"
#include "training.hpp"

extern "C" void __sanitizer_set_death_callback(void (*)()) __attribute__((weak));

namespace {

using skrnn::Build;
using skrnn::Index;

constexpr int MOST_CALLERS = 8, MOST_THREADS = 3;

char in_work[MOST_CALLERS][300];  // what each caller does, for the report

void report_work() {
    for (const char* what : in_work)
        if (*what) std::fprintf(stderr, "kernels_fuzz: in work: %s\n", what);
}

}  // namespace

// UndefinedBehaviorSanitizer calls this, the others what they are told to.
extern "C" __attribute__((visibility("default"))) void __ubsan_on_report() { report_work(); }

namespace {

[[noreturn]] void fail(const std::string& what) {
    std::fprintf(stderr, "kernels_fuzz: %s\n", what.c_str());
    report_work();
    std::fflush(stderr);
    std::_Exit(1);
}

void check(bool right, const char* what) {
    if (!right) fail(what);
}

// --- numbers ------------------------------------------------------------------------------------------

class Random {
  public:
    Random(std::initializer_list<std::uint32_t> seed) {
        std::seed_seq sequence(seed);
        engine_.seed(sequence);
    }
    std::uint64_t bits() { return engine_(); }
    Index between(Index least, Index most) { return least + Index(bits() % std::uint64_t(most - least + 1)); }
    double uniform() { return double(bits() >> 11) * 0x1p-53; }
    bool chance(double p) { return uniform() < p; }

  private:
    std::mt19937_64 engine_;
};

// Written byte by byte: a signalling NaN must not be touched by arithmetic on the way.
template <class Real>
void write_bits(Real* to, std::uint64_t bits) {
    std::memcpy(to, &bits, sizeof(Real));  // the low bytes, on all processors that have builds
}

template <class Real>
void write_nan(Real* to, Random& random) {
    constexpr int mantissa = std::numeric_limits<Real>::digits - 1, all = 8 * int(sizeof(Real));
    const std::uint64_t exponent = ((std::uint64_t(1) << (all - 1 - mantissa)) - 1) << mantissa;
    const std::uint64_t payload = random.bits() & ((std::uint64_t(1) << mantissa) - 1);
    write_bits(to, exponent | (payload ? payload : 1) | (random.bits() & 1) << (all - 1));
}

template <class Real>
void write_special(Real* to, Random& random) {
    using Limits = std::numeric_limits<Real>;
    const Real sign = random.chance(0.5) ? -1 : 1;
    switch (random.between(0, 6)) {
        case 0: *to = sign * Limits::infinity(); break;
        case 1: *to = sign * Limits::denorm_min() * Real(random.between(1, 1000)); break;
        case 2: *to = sign * Limits::max(); break;
        case 3: *to = sign * Limits::min(); break;
        case 4: *to = sign * Real(0); break;
        case 5: *to = sign * Real(random.between(1, 2000)); break;
        default: write_nan(to, random);
    }
}

// -scale to scale, now and then a number that is none or nearly none
template <class Real>
std::vector<Real> numbers(Index n, Random& random, double scale, double specials) {
    std::vector<Real> v(n);
    for (Real& x : v) {
        x = Real((2 * random.uniform() - 1) * scale);
        if (specials > 0 && random.chance(specials)) write_special(&x, random);
    }
    return v;
}

// Memory of exactly n numbers, ``shift`` numbers behind the address that malloc gives.
template <class T>
class Memory {
  public:
    Memory() = default;
    explicit Memory(Index n, Index shift = 0)
        : block_(std::malloc((n + shift) * sizeof(T))), data_(static_cast<T*>(block_.get()) + shift), n_(n) {
        check(block_ != nullptr, "no memory");
    }
    T* get() const { return data_; }  // null: not made
    Index size() const { return n_; }

  private:
    struct Free {
        void operator()(void* p) const { std::free(p); }
    };
    std::unique_ptr<void, Free> block_;
    T* data_ = nullptr;
    Index n_ = 0;
};

template <class T>
Memory<T> placed(const std::vector<T>& v, Index shift = 0) {
    Memory<T> memory(Index(v.size()), shift);
    if (!v.empty()) std::memcpy(memory.get(), v.data(), v.size() * sizeof(T));
    return memory;
}

// --- problems and results -----------------------------------------------------------------------------

std::vector<Index> alive(Index T, Index B, Random& random) {
    std::vector<Index> n(T);
    const Index how = random.between(0, 4);
    for (Index& n_t : n) n_t = how == 0 ? B : how == 4 && random.chance(0.5) ? 0 : random.between(0, B);
    if (how == 1 || how == 2) std::sort(n.begin(), n.end());
    if (how == 1) std::reverse(n.begin(), n.end());
    if (how == 3 && random.chance(0.2)) n.assign(T, 0);
    return n;
}

// What is computed, without saying where it lies.
template <class Real>
struct Problem {
    const Build* build;
    int cell, n_threads, n_pieces;
    Index T, B, D, H, G, N, Hp, Dp;
    std::vector<Index> n, offsets;
    bool reverse, recorded, has_c, has_tape, has_dh, has_dX;
    Index keep;  // or -1
    Index first;
    std::vector<Real> X, weights[4], state[2], dh, dstate[2], gradients[4];
    std::vector<double> weight, units;

    Problem(const Build& b, int least_threads, Random& random) : build(&b) {
        const bool large = random.chance(0.2);  // worth a thread
        cell = int(random.between(0, skrnn::n_cells() - 1));
        n_threads = int(random.between(least_threads, MOST_THREADS));
        T = large ? random.between(8, 12) : random.between(0, 12);
        B = large ? random.between(30, 120) : random.chance(0.1) ? 0 : random.between(1, 40);
        D = random.between(1, 40);
        H = large ? random.between(30, 70) : random.between(1, 70);
        G = skrnn::cell_info(cell).gates * H;
        const Index L = skrnn::lanes(b, sizeof(Real) == sizeof(double));
        Hp = (H + L - 1) / L * L;
        Dp = (D + L - 1) / L * L;
        n = alive(T, B, random);
        offsets.assign(1, 0);
        for (Index n_t : n) offsets.push_back(offsets.back() + n_t);
        N = offsets[T];
        reverse = random.chance(0.4);
        recorded = random.chance(0.8);
        has_c = skrnn::cell_info(cell).states > 1 && (recorded || random.chance(0.3));
        has_tape = skrnn::cell_info(cell).has_tape && (recorded || random.chance(0.3));
        has_dh = random.chance(0.8);
        has_dX = random.chance(0.7);
        keep = T > 0 && random.chance(0.6) ? random.between(0, T - 1) : -1;
        first = random.chance(0.5) ? 0 : random.between(0, T);
        const double specials = random.chance(0.3) ? 0.002 : 0, scale = random.chance(0.2) ? 20 : 0.7;
        const Index sizes[] = {D * G, H * G, G, G};
        X = numbers<Real>(N * D, random, 1, specials);
        for (int k = 0; k < 4; ++k) {
            weights[k] = numbers<Real>(sizes[k], random, scale, random.chance(0.2) ? specials : 0);
            gradients[k] = numbers<Real>(sizes[k], random, 1, 0);
        }
        for (int s = 0; s < skrnn::cell_info(cell).states; ++s) {
            state[s] = numbers<Real>(B * H, random, 1, specials);
            dstate[s] = numbers<Real>(B * H, random, 1, specials);
        }
        dh = numbers<Real>((N - offsets[first]) * H, random, 1, specials);
        for (Index i = 0; i < B; ++i) weight.push_back(double(random.between(0, 5)));
        n_pieces = int(random.between(1, skrnn::MOST_PIECES));
        for (int j = 0; j < n_pieces; ++j) {
            units.push_back(std::ldexp(1, int(random.between(0, 40)) - 30 * j));
        }
    }

    std::string text() const {
        char line[200];
        std::snprintf(line, sizeof line,
                      "%s %s float%d T=%d B=%d D=%d H=%d N=%d%s%s keep=%d first=%d dh=%d dX=%d threads=%d",
                      build->name, skrnn::cell_info(cell).name, int(sizeof(Real)) * 8, int(T), int(B), int(D),
                      int(H), int(N), reverse ? " reverse" : "", recorded ? " recorded" : "", int(keep),
                      int(first), has_dh, has_dX, n_threads);
        return line;
    }
};

template <class Real>
bool same(Real a, Real b) {
    return std::memcmp(&a, &b, sizeof(Real)) == 0 || (std::isnan(a) && std::isnan(b));
}

template <class Real>
class Results {
  public:
    void add(const char* name, const Memory<Real>& memory, Index rows, Index columns, Index stride) {
        std::vector<Real> v(rows * columns);
        for (Index i = 0; i < rows; ++i)
            std::memcpy(v.data() + i * columns, memory.get() + i * stride, columns * sizeof(Real));
        all_.emplace_back(name, std::move(v));
    }

    void compare(const Results& other) const {
        check(all_.size() == other.all_.size(), "other results");
        for (std::size_t k = 0; k < all_.size(); ++k)
            for (std::size_t j = 0; j < all_[k].second.size(); ++j) {
                const Real a = all_[k].second[j], b = other.all_[k].second[j];
                if (same(a, b)) continue;
                fail(all_[k].first + ": number " + std::to_string(j) + " is " + std::to_string(a) + " and " +
                     std::to_string(b));
            }
    }

  private:
    std::vector<std::pair<std::string, std::vector<Real>>> all_;
};

// --- runs ---------------------------------------------------------------------------------------------

const skrnn::Kernel<float>& kernel(const Build& build, int cell, float) { return build.float32[cell]; }
const skrnn::Kernel<double>& kernel(const Build& build, int cell, double) { return build.float64[cell]; }

// One problem in memory, and the ways to run it.
template <class Real>
class Run {
  public:
    Run(const Problem<Real>& problem, Random& random, bool nan)
        : p(problem), random_(random), nan_(nan), k(kernel(*p.build, p.cell, Real())) {
        const Index S = skrnn::cell_info(p.cell).slots, states = skrnn::cell_info(p.cell).states, L = p.Hp * S;
        X_stride_ = p.D + stride_more();
        dh_stride_ = p.H + stride_more();
        n = placed(p.n);
        offsets = placed(p.offsets);
        X = rows(p.X, p.N, p.D, X_stride_, false);
        dh = rows(p.dh, p.N - p.offsets[p.first], p.H, dh_stride_, false);
        for (int j = 0; j < 4; ++j) {
            weights[j] = placed(p.weights[j], shift());
            gradients[j] = placed(p.gradients[j], shift());
            exact[j] = placed(p.gradients[j], shift());
        }
        h = garbage(p.N * p.Hp);
        if (p.has_c) c = garbage(p.N * p.Hp);
        if (p.has_tape || p.recorded) tape = garbage(p.N * L);
        for (int s = 0; s < states; ++s) {
            state[s] = rows(p.state[s], p.B, p.H, p.Hp, true);
            initial[s] = rows(p.state[s], p.B, p.H, p.Hp, true);
            dstate[s] = rows(p.dstate[s], p.B, p.H, p.Hp, true);
            if (p.keep >= 0) kept[s] = garbage(p.B * p.Hp);
        }
        if (p.has_dX) dX = garbage(p.N * p.Dp);
        weight = placed(p.weight);
        units = placed(p.units);
        steps = {p.T, p.B, n.get(), offsets.get(), p.reverse};
    }

    Results<Real> through_driver() {
        constexpr bool is_double = sizeof(Real) == sizeof(double);
        const skrnn::Layer layer = {p.build,          p.cell,           is_double,        p.D,
                                    p.H,              weights[0].get(), weights[1].get(), weights[2].get(),
                                    weights[3].get()};
        const skrnn::Window window = {steps, X.get(), X_stride_, p.n_threads};
        const Index keep = p.keep < 0 ? random_.between(-1, p.T) : p.keep;  // without ``kept``: no meaning
        const skrnn::Outputs out = {h.get(),
                                    c.get(),
                                    p.has_tape ? tape.get() : nullptr,
                                    {state[0].get(), state[1].get()},
                                    {kept[0].get(), kept[1].get()},
                                    keep};
        check(skrnn::run_forward(layer, window, out), "run_forward: no memory");
        if (p.recorded) {
            const skrnn::Outputs of = {h.get(),
                                       c.get(),
                                       tape.get(),
                                       {initial[0].get(), initial[1].get()},
                                       {nullptr, nullptr},
                                       -1};
            const skrnn::Inputs in = {p.has_dh ? dh.get() : nullptr,
                                      dh_stride_,
                                      p.first,
                                      {dstate[0].get(), dstate[1].get()},
                                      dX.get()};
            check(skrnn::run_backward(layer, window, of, in), "run_backward: no memory");
            void *to[4], *exactly_to[4];
            for (int j = 0; j < 4; ++j) {
                to[j] = gradients[j].get();
                exactly_to[j] = exact[j].get();
            }
            check(skrnn::run_gradient(layer, window, of, to), "run_gradient: no memory");
            if (k.exact_gradient)
                check(skrnn::run_exact_gradient(layer, window, of, exactly_to,
                                                {weight.get(), units.get(), p.n_pieces}),
                      "run_exact_gradient: no memory");
        }
        return results();
    }

    // The steps one by one, all sequences alive: only h and the states.
    Results<Real> step_by_step() {
        constexpr bool is_double = sizeof(Real) == sizeof(double);
        skrnn::OneStep s = {};
        s.layer = {p.build,          p.cell,           is_double,        p.D,
                   p.H,              weights[0].get(), weights[1].get(), weights[2].get(),
                   weights[3].get()};
        const Memory<Real> packed = garbage(skrnn::numbers_of(s.layer).forward);
        s.packed = packed.get();
        skrnn::pack_forward(s.layer, packed.get());
        s.layer.W_x = s.layer.W_h = s.layer.b_x = s.layer.b_h = nullptr;
        s.rows = p.B;
        s.X_stride = X_stride_;
        for (int k = 0; k < skrnn::cell_info(p.cell).states; ++k) s.state[k] = state[k].get();
        for (Index k = 0; k < p.T; ++k) {
            const Index t = p.reverse ? p.T - 1 - k : k;
            s.X = X.get() + p.offsets[t] * X_stride_;
            s.h = h.get() + p.offsets[t] * p.Hp;
            skrnn::run_one_step(s);
        }
        Results<Real> r;
        add_states(r);
        return r;
    }

    Results<Real> states_of_table() {
        through_table();
        Results<Real> r;
        add_states(r);
        return r;
    }

    Results<Real> through_table() {
        const skrnn::CellInfo &own = p.build->cells[p.cell], &told = skrnn::cell_info(p.cell);
        check(!std::strcmp(own.name, told.name) && own.slots == told.slots && own.states == told.states,
              "builds disagree");
        const skrnn::Weights<Real> w = {p.D,
                                        p.H,
                                        weights[0].get(),
                                        weights[1].get(),
                                        weights[2].get(),
                                        weights[3].get()};
        const Memory<Real> packed = garbage(k.forward_size(p.D, p.H));
        k.pack_forward(w, packed.get());
        const skrnn::Forward<Real> forward = {steps,
                                              p.D,
                                              p.H,
                                              p.Hp,
                                              X.get(),
                                              X_stride_,
                                              packed.get(),
                                              h.get(),
                                              c.get(),
                                              p.has_tape ? tape.get() : nullptr,
                                              {state[0].get(), state[1].get()},
                                              {kept[0].get(), kept[1].get()},
                                              p.keep};
        over_slices([&](Index first, Index last) { k.forward(forward, first, last); });
        if (p.recorded) {
            backward(w);
            gradient();
        }
        return results();
    }

  private:
    void backward(const skrnn::Weights<Real>& w) {
        const Memory<Real> packed = garbage(k.backward_size(p.D, p.H)), direct = garbage(p.B * p.Hp);
        k.pack_backward(w, packed.get());
        const skrnn::Backward<Real> backward = {steps,
                                                p.D,
                                                p.H,
                                                p.Hp,
                                                p.Dp,
                                                packed.get(),
                                                p.has_dh ? dh.get() : nullptr,
                                                dh_stride_,
                                                p.first,
                                                h.get(),
                                                c.get(),
                                                {initial[0].get(), initial[1].get()},
                                                tape.get(),
                                                {dstate[0].get(), dstate[1].get()},
                                                direct.get(),
                                                dX.get()};
        over_slices([&](Index first, Index last) { k.backward(backward, first, last); });
    }

    void gradient() {
        skrnn::Gradient<Real> g = {steps,
                                   p.D,
                                   p.H,
                                   p.Hp,
                                   X.get(),
                                   X_stride_,
                                   h.get(),
                                   initial[0].get(),
                                   tape.get(),
                                   gradients[0].get(),
                                   gradients[1].get(),
                                   gradients[2].get(),
                                   gradients[3].get()};
        const Memory<Real> scratch = garbage(k.gradient_size(p.D, p.H));
        const Index parts = random_.between(1, 5);
        for (Index part = parts - 1; part >= 0; --part) k.gradient(g, scratch.get(), part, parts);
        if (!k.exact_gradient) return;
        g.W_x = exact[0].get();
        g.W_h = exact[1].get();
        g.b_x = exact[2].get();
        g.b_h = exact[3].get();
        const skrnn::ExactSum sum = {weight.get(), units.get(), p.n_pieces};
        const Index exact_parts = random_.between(1, 7);  // there may be fewer panels
        for (Index part = exact_parts - 1; part >= 0; --part) {
            const Memory<Real> own = garbage(k.exact_size(p.T, p.D, p.H, p.n_pieces, exact_parts));
            k.exact_gradient(g, sum, own.get(), part, exact_parts);
        }
    }

    // f(first, last) over all sequences, the last slice first, some of them empty
    template <class F>
    void over_slices(const F& f) {
        Index last = p.B;
        while (last > 0 && random_.chance(0.7)) {
            const Index first = random_.between(0, last);
            f(first, last);
            last = first;
        }
        f(0, last);
    }

    void add_states(Results<Real>& r) const {
        r.add("h", h, p.N, p.H, p.Hp);
        for (int s = 0; s < skrnn::cell_info(p.cell).states; ++s) r.add("state", state[s], p.B, p.H, p.Hp);
    }

    Results<Real> results() const {
        Results<Real> r;
        r.add("h", h, p.N, p.H, p.Hp);
        if (p.has_c) r.add("c", c, p.N, p.H, p.Hp);
        for (int s = 0; s < skrnn::cell_info(p.cell).states; ++s) {
            r.add("state", state[s], p.B, p.H, p.Hp);
            if (p.keep >= 0) r.add("kept", kept[s], p.B, p.H, p.Hp);
            if (p.recorded) r.add("dstate", dstate[s], p.B, p.H, p.Hp);
        }
        if (!p.recorded) return r;
        if (p.has_dX) r.add("dX", dX, p.N, p.D, p.Dp);
        for (int j = 0; j < 4; ++j) {
            r.add("gradient", gradients[j], 1, gradients[j].size(), 0);
            r.add("exact gradient", exact[j], 1, exact[j].size(), 0);
        }
        return r;
    }

    Index shift() { return random_.chance(0.3) ? random_.between(1, 3) : 0; }
    Index stride_more() { return random_.chance(0.5) ? random_.between(1, 9) : 0; }

    Memory<Real> garbage(Index size, Index shift = 0) {
        Memory<Real> memory(size, shift);
        for (Index j = 0; j < size; ++j) {
            if (nan_) {
                write_nan(memory.get() + j, random_);
            } else {
                write_bits(memory.get() + j, random_.bits());
            }
        }
        return memory;
    }

    // Garbage between the rows, and behind the last one only if it is ``whole``
    Memory<Real> rows(const std::vector<Real>& v, Index rows, Index columns, Index stride, bool whole) {
        const Index size = whole ? rows * stride : rows ? (rows - 1) * stride + columns : 0;
        Memory<Real> memory = garbage(size, shift());
        for (Index i = 0; i < rows; ++i)
            std::memcpy(memory.get() + i * stride, v.data() + i * columns, columns * sizeof(Real));
        return memory;
    }

    const Problem<Real>& p;
    Random& random_;
    const bool nan_;
    const skrnn::Kernel<Real>& k;
    Index X_stride_, dh_stride_;
    Memory<Index> n, offsets;
    Memory<Real> X, dh, weights[4], gradients[4], exact[4];
    Memory<Real> h, c, tape, state[2], initial[2], dstate[2], kept[2], dX;
    Memory<double> weight, units;
    skrnn::Steps steps;
};

// --- updates and functions ----------------------------------------------------------------------------

template <class Real>
bool same(const Memory<Real>& memory, const std::vector<Real>& v) {
    return v.empty() || std::memcmp(memory.get(), v.data(), v.size() * sizeof(Real)) == 0;
}

template <class Real>
void fuzz_update(const Build& build, Random& random) {
    const int solver = int(random.between(0, skrnn::n_solvers() - 1)), slots = skrnn::solver_info(solver).slots;
    const Index P = random.chance(0.1) ? 0 : random.between(1, random.chance(0.5) ? 40 : 3000);
    const Index matrices = random.between(0, P);
    const double specials = random.chance(0.3) ? 0.01 : 0;
    const std::vector<Real> theta = numbers<Real>(P, random, 1, specials);
    const std::vector<Real> g = numbers<Real>(P, random, 1, specials);
    std::vector<Real> memory = numbers<Real>(slots * P, random, 1, specials);
    for (Real& x : memory) x = std::fabs(x);
    Memory<Real> placed_theta[2], placed_g[2];
    double sums[2][2];
    for (int k = 0; k < 2; ++k) {
        placed_theta[k] = placed(theta, k);
        placed_g[k] = placed(g, k);
        const skrnn::Vectors v = {sizeof(Real) == sizeof(double),
                                  P,
                                  placed_theta[k].get(),
                                  placed_g[k].get(),
                                  nullptr,
                                  nullptr,
                                  nullptr};
        sums[k][0] = skrnn::gather(build, v, matrices, 0.3, 0.01, &sums[k][1]);
        check(same(placed_theta[k], theta), "gather has changed theta");
    }
    for (int j = 0; j < 2; ++j)
        check(same(sums[0][j], sums[1][j]), "gather: the sums differ");

    const Memory<Real> placed_memory = placed(memory, random.between(0, 3));
    const Memory<Real> theta_before(P, random.between(0, 3)), memory_before(slots * P, random.between(0, 3));
    const skrnn::Vectors v = {sizeof(Real) == sizeof(double),
                              P,
                              placed_theta[0].get(),
                              placed_g[0].get(),
                              placed_memory.get(),
                              theta_before.get(),
                              memory_before.get()};
    const Memory<double> coefficients = placed(numbers<double>(skrnn::COEFFICIENTS, random, 1, specials));
    skrnn::step(build, v, solver, random.chance(0.1) ? 0 : random.uniform(), coefficients.get());
    check(same(theta_before, theta), "step: theta_before is not theta before");
    check(same(memory_before, memory), "step: memory_before is not the memory before");
    check(same(placed_g[0], std::vector<Real>(P, Real(0))), "step has not emptied g");
}

template <class Real>
void fuzz_functions(const Build& build, Random& random) {
    const Index n = random.between(0, 100);
    const std::vector<Real> v = numbers<Real>(n, random, random.chance(0.5) ? 30 : 2, 0.2);
    const Memory<Real> x = placed(v, random.between(0, 3)), y(n, random.between(0, 3));
    for (int function = 0; function < 2; ++function) {
        skrnn::apply(build, function, sizeof(Real) == sizeof(double), x.get(), y.get(), n);
        check(same(x, v), "apply has changed x");
        for (Index j = 0; j < n; ++j) {
            const Real f = y.get()[j], least = function == 0 ? -1 : 0;
            check(std::isnan(v[j]) ? std::isnan(f) : f >= least && f <= 1, "apply: out of range");
        }
    }
}

// --- learning row by row ------------------------------------------------------------------------------

// A learner of some rows, all of its memory of exact size; ``flat``: J as NumPy has it.
template <class Real>
class Lesson {
  public:
    Lesson(const Build& b, Random& random) : build_(b), specials_(random.chance(0.2) ? 0.002 : 0) {
        cell_ = int(random.between(0, skrnn::n_cells() - 1));
        influence_ = int(random.between(0, skrnn::n_influences() - 1));
        loss_ = int(random.between(0, skrnn::n_losses() - 1));
        rows_ = random.between(1, 3);
        D_ = random.between(1, 9);
        H_ = random.between(1, random.chance(0.2) ? 40 : 12);
        K_ = random.between(1, 4);
        const Index L = skrnn::lanes(b, sizeof(Real) == sizeof(double)), G = skrnn::cell_info(cell_).gates * H_;
        Hp_ = (H_ + L - 1) / L * L;
        const Index sizes[] = {D_ * G, H_ * G, G, G, H_ * K_, K_};
        for (int k = 0; k < 6; ++k) {
            weights_[k] = numbers<Real>(sizes[k], random, 0.7, 0);
            gradients_[k] = numbers<Real>(sizes[k], random, 1, 0);
        }
        x_ = numbers<Real>(rows_ * D_, random, 1, specials_);
        for (int s = 0; s < states(); ++s) state_[s] = numbers<Real>(rows_ * H_, random, 1, specials_);
        flat_ = numbers<Real>(rows_ * skrnn::numbers_of(layer(nullptr), influence_).flat, random, 1, specials_);
        single_ = skrnn::loss_info(loss_).single;
        is_label_ = skrnn::loss_info(loss_).labels;
        y_ = numbers<Real>(rows_ * (single_ ? 1 : K_), random, 1, 0);
        for (Real& y : y_) y = is_label_ ? Real(random.between(0, K_ - 1)) : std::fabs(y);
        const int n_options = skrnn::loss_info(loss_).n_options;
        for (Index k = 0; k < (n_options < 0 ? K_ : n_options); ++k) options_.push_back(random.uniform());
        for (Index k = 0; is_label_ && k < K_; ++k) factors_.push_back(random.uniform());
        learns_ = random.chance(0.7);
    }

    // Two rows: everything that they change
    std::vector<Real> run(Random& random, bool nan) const {
        const skrnn::OnlineNumbers sizes = skrnn::numbers_of(layer(nullptr), influence_);
        Memory<Real> w[6], g[6], state[2], J = garbage(rows_ * sizes.J, random, nan);
        for (int k = 0; k < 6; ++k) {
            w[k] = placed(weights_[k], random.between(0, 3));
            g[k] = placed(gradients_[k], random.between(0, 3));
        }
        for (int s = 0; s < states(); ++s) {
            state[s] = garbage(rows_ * Hp_, random, nan);
            for (Index i = 0; i < rows_; ++i)
                std::memcpy(state[s].get() + i * Hp_, state_[s].data() + i * H_, H_ * sizeof(Real));
        }
        const Memory<Real> x = placed(x_, random.between(0, 3)), y = placed(y_, random.between(0, 3));
        const Memory<double> options = placed(options_), factors = placed(factors_);
        const Memory<Real> slopes = garbage(rows_ * sizes.slopes, random, nan);
        const Memory<Real> scratch = garbage(sizes.scratch, random, nan), dh = garbage(rows_ * Hp_, random, nan);
        const Memory<Real> raw = garbage(rows_ * K_, random, nan), draw = garbage(rows_ * K_, random, nan);
        skrnn::OnlineLearner o = {};
        o.layer = layer(w);
        o.influence = influence_;
        o.loss = loss_;
        o.rows = rows_;
        o.K = K_;
        o.x = x.get();
        o.J = J.get();
        o.slopes = slopes.get();
        o.scratch = scratch.get();
        o.W = w[4].get();
        o.b = w[5].get();
        o.raw = raw.get();
        o.draw = draw.get();
        o.dh = dh.get();
        for (int s = 0; s < states(); ++s) o.state[s] = state[s].get();
        for (int k = 0; k < 6; ++k) o.gradients[k] = g[k].get();
        o.options = options.get();
        o.class_factors = is_label_ ? factors.get() : nullptr;
        const Memory<Real> flat = placed(flat_, random.between(0, 3));
        for (Index i = 0; i < rows_; ++i) skrnn::set_influence(o, i, flat.get() + i * sizes.flat);
        const Memory<Real> got = garbage(rows_ * sizes.flat, random, nan);
        for (Index i = 0; i < rows_; ++i) skrnn::get_influence(o, i, got.get() + i * sizes.flat);
        const std::vector<Real> first(got.get(), got.get() + got.size());
        for (Index i = 0; i < rows_; ++i) skrnn::set_influence(o, i, got.get() + i * sizes.flat);
        for (Index i = 0; i < rows_; ++i) skrnn::get_influence(o, i, got.get() + i * sizes.flat);
        check(same(got, first), "the influence has changed");
        check(got.size() == Index(flat_.size()), "an influence of another size");
        std::vector<Real> all{Real(skrnn::run_row(o, learns_ ? y.get() : nullptr))};
        all.push_back(Real(skrnn::run_row(o, y.get())));
        for (Index i = 0; i < rows_; ++i) skrnn::get_influence(o, i, got.get() + i * sizes.flat);
        append(all, got.get(), got.size());
        append(all, raw.get(), raw.size());
        for (const Memory<Real>& gradient : g) append(all, gradient.get(), gradient.size());
        for (int s = 0; s < states(); ++s)
            for (Index i = 0; i < rows_; ++i) append(all, state[s].get() + i * Hp_, H_);
        return all;
    }

  private:
    int states() const { return skrnn::cell_info(cell_).states; }

    skrnn::Layer layer(const Memory<Real>* w) const {
        skrnn::Layer layer = {};
        layer.build = &build_;
        layer.cell = cell_;
        layer.is_double = sizeof(Real) == sizeof(double);
        layer.D = D_;
        layer.H = H_;
        if (!w) return layer;
        layer.W_x = w[0].get();
        layer.W_h = w[1].get();
        layer.b_x = w[2].get();
        layer.b_h = w[3].get();
        return layer;
    }

    static Memory<Real> garbage(Index size, Random& random, bool nan) {
        Memory<Real> memory(size, random.between(0, 3));
        for (Index j = 0; j < size; ++j) {
            if (nan) {
                write_nan(memory.get() + j, random);
            } else {
                write_bits(memory.get() + j, random.bits());
            }
        }
        return memory;
    }

    static void append(std::vector<Real>& to, const Real* from, Index n) { to.insert(to.end(), from, from + n); }

    const Build& build_;
    double specials_;
    int cell_, influence_, loss_;
    Index rows_, D_, H_, K_, Hp_;
    bool single_, is_label_, learns_;
    std::vector<Real> weights_[6], gradients_[6], x_, y_, state_[2], flat_;
    std::vector<double> options_, factors_;
};

template <class Real>
void fuzz_learning(const Build& build, Random& random) {
    const Lesson<Real> lesson(build, random);
    const std::vector<Real> a = lesson.run(random, false), b = lesson.run(random, true);
    for (std::size_t j = 0; j < a.size(); ++j)
        if (!same(a[j], b[j])) fail("learning: number " + std::to_string(j) + " depends on garbage");
}

// A way of making updates
skrnn::UpdateRule rule_of(int solver, Index matrices, Random& random) {
    const double none = std::numeric_limits<double>::infinity();
    skrnn::UpdateRule rule = {};
    rule.matrices = matrices;
    rule.alpha = random.chance(0.5) ? 0.01 : 0;
    rule.clip_norm = random.chance(0.5) ? 1.0 : none;
    rule.clip_value = random.chance(0.5) ? 0.1 : none;
    rule.solver = solver;
    for (double& option : rule.options) option = 0.01 + 0.5 * random.uniform();
    rule.mean = random.chance(0.5) ? 1 + random.uniform() : 0;
    rule.noise = rule.root_mean_square = 1.5;
    rule.t = random.between(0, 3);
    return rule;
}

// An update of numbers that are finite leaves finite ones, or says why it does not.
template <class Real>
void fuzz_learned_update(const Build& build, Random& random) {
    const int solver = int(random.between(0, skrnn::n_solvers() - 1)), slots = skrnn::solver_info(solver).slots;
    const Index P = random.between(1, random.chance(0.5) ? 40 : 3000);
    const std::vector<Real> theta = numbers<Real>(P, random, 1, 0);
    const std::vector<Real> g = numbers<Real>(P, random, 1, random.chance(0.3) ? 0.01 : 0);
    const Memory<Real> placed_theta = placed(theta, random.between(0, 3)), placed_g = placed(g, random.between(0, 3));
    const Memory<Real> memory = placed(std::vector<Real>(slots * P, Real(0)), random.between(0, 3));
    const Memory<Real> theta_before(P), memory_before(slots * P);
    const skrnn::Vectors v = {sizeof(Real) == sizeof(double), P,
                              placed_theta.get(), placed_g.get(), memory.get(),
                              theta_before.get(), memory_before.get()};
    skrnn::UpdateRule rule = rule_of(solver, random.between(0, P), random);
    const bool is_finite = std::all_of(g.begin(), g.end(), [](Real x) { return std::isfinite(x); });
    const skrnn::Gathered of = {0.5, 1 + random.uniform(), 1 + random.uniform(), 1 + random.uniform(), 1.0};
    skrnn::UpdateFacts facts;
    const skrnn::Outcome outcome = skrnn::run_update(build, v, rule, of, &facts, nullptr);
    if (outcome != skrnn::UPDATED) check(same(placed_theta, theta), "no update, and theta has changed");
    if (!is_finite) check(outcome != skrnn::UPDATED, "an update from what is not finite");
    if (outcome == skrnn::UPDATED) check(same(theta_before, theta), "theta_before is not theta before");
}

// --- training on batches ------------------------------------------------------------------------------

// Layers, data and a way of training; run in memory of exact size.
template <class Real>
class TrainingCase {
  public:
    TrainingCase(const Build& b, Random& random) : build_(b) {
        t_.build = &b;
        t_.is_double = sizeof(Real) == sizeof(double);
        t_.n_layers = random.between(1, 3);
        t_.K = random.between(1, 5);
        t_.loss = int(random.between(0, skrnn::n_losses() - 1));
        t_.n_poolings = int(random.between(1, 3));
        for (int k = 0; k < t_.n_poolings; ++k) t_.poolings[k] = int(random.between(0, skrnn::n_poolings() - 1));
        t_.n_directions = random.chance(0.3) ? 2 : 1;
        t_.F = random.between(1, 9);
        t_.n_tokens = random.chance(0.3) ? random.between(1, random.chance(0.5) ? 6 : 40) : 0;
        t_.has_masks = random.chance(0.3);
        draw_weights(random);
        draw_data(random);
        const int solver = int(random.between(0, skrnn::n_solvers() - 1));
        t_.rule = rule_of(solver, random.between(0, P_), random);
        t_.updates = random.chance(0.8);
        is_late_ = t_.updates && t_.n_tokens && random.chance(0.7);
        if (is_late_) t_.rule.matrices = 0;  // the table lies first, and has no penalty
        k1_ = t_.n_directions > 1 || random.chance(0.5) ? 0 : random.between(1, 12);
        k2_ = t_.n_directions > 1 || random.chance(0.5) ? 0 : random.between(1, 12);
        has_start_ = t_.n_directions == 1 && random.chance(0.3);
        has_ends_ = t_.n_directions == 1 && random.chance(0.3);
        batches_ = random.between(1, 3);
    }

    // theta, g, memory, what both were before, and sums after some batches; where updates of the table may be put off
    // that changes no bit
    std::vector<Real> run(Random& random, int n_threads, bool nan, bool late) const {
        skrnn::Training t = t_;
        t.n_threads = n_threads;
        const int slots = skrnn::solver_info(t.rule.solver).slots;
        const Memory<Real> theta = placed(theta_, random.between(0, 3)), g = placed(std::vector<Real>(P_, 0));
        const Memory<Real> memory = placed(std::vector<Real>(slots * P_, 0)), before(P_), memory_before(slots * P_);
        t.vectors = {t.is_double, P_, theta.get(), g.get(), memory.get(), before.get(), memory_before.get()};
        std::vector<skrnn::TrainingLayer> layers = layers_in(theta.get(), g.get());
        const Index end = P_ - t.K * (1 + R_);
        t.layers = layers.data();
        t.table = t.n_tokens ? theta.get() : nullptr;
        t.dtable = t.n_tokens ? g.get() : nullptr;
        t.callbacks = {const_cast<TrainingCase*>(this), nullptr, nullptr, draw_masks, [](void*) { return 1; }};
        std::vector<Memory<Real>> states;
        const Index n = Index(weight_.size());
        for (std::size_t k = 0; k < layers.size(); ++k)
            for (int j = 0; j < skrnn::cell_info(layers[k].cell).states; ++j) {
                if (has_start_) states.push_back(placed(std::vector<Real>(n * layers[k].H, Real(0.25))));
                if (has_start_) layers[k].start[j] = states.back().get();
                if (has_ends_) states.push_back(placed(std::vector<Real>(n * layers[k].H, Real(0))));
                if (has_ends_) layers[k].ends[j] = states.back().get();
            }
        t.W = theta.get() + end;
        t.b = theta.get() + end + R_ * t.K;
        t.dW = g.get() + end;
        t.db = g.get() + end + R_ * t.K;
        const Memory<double> options = placed(options_), weight = placed(weight_), inner = placed(inner_);
        t.options = options.get();
        const Memory<Real> X = placed(X_, random.between(0, 3)), y = placed(y_, random.between(0, 3));
        const Memory<Index> starts = placed(starts_), lengths = placed(lengths_), order = placed(order_);
        const auto flat = [&](const void* data, int type, Index width, std::size_t size) {
            const Index item = Index(size);
            return skrnn::Source{static_cast<const char*>(data), type, width, width * item, item, 0, nullptr,
                                 starts.get(), lengths.get(), order.get(), nullptr};
        };
        const int type = t.is_double ? 10 : 9;
        t.data.X = flat(X.get(), type, width_of_X(), sizeof(Real));
        const Memory<Index> read = placed(read_);
        t.data.lengths = read.get();
        t.data.weight = weight.get();
        t.data.y = y.get();
        t.data.y_of_steps = flat(y.get(), type, t.data.y_columns, sizeof(Real));
        t.data.inner = t.data.per_step ? nullptr : inner.get();
        if (has_inner_ && t.data.per_step) t.data.inner_of_steps = flat(inner.get(), 10, 1, sizeof(double));
        skrnn::Workplace place;
        spoil(place, random, nan);
        skrnn::Totals totals = {};
        int outcome = 0;
        const Memory<Index> rows = placed(rows_);
        skrnn::LateRows late_rows;
        if (late && is_late_) {
            late_rows.begin(build_, t.vectors, t.rule.solver, 0, t.n_tokens, t.F);
            t.late = &late_rows;
        }
        for (Index k = 0; k < batches_ && !outcome; ++k)
            outcome = skrnn::run_batch(t, place, rows.get(), rows.size(), k1_, k2_, &totals);
        late_rows.finish();
        std::vector<Real> all{Real(outcome), Real(totals.loss), Real(totals.W), Real(totals.norm_sum),
                              Real(totals.n_updates)};
        all.insert(all.end(), theta.get(), theta.get() + P_);
        all.insert(all.end(), g.get(), g.get() + P_);
        all.insert(all.end(), memory.get(), memory.get() + slots * P_);
        if (totals.n_updates) {
            all.insert(all.end(), before.get(), before.get() + P_);
            all.insert(all.end(), memory_before.get(), memory_before.get() + slots * P_);
        }
        for (const Memory<Real>& state : states) all.insert(all.end(), state.get(), state.get() + state.size());
        return all;
    }

    std::string text() const {
        char line[200];
        std::snprintf(line, sizeof line, "training %s float%d layers=%d F=%d K=%d P=%d loss=%d rows=%d k1=%d k2=%d%s",
                      build_.name, int(sizeof(Real)) * 8, int(t_.n_layers), int(t_.F), int(t_.K), int(P_), t_.loss,
                      int(rows_.size()), int(k1_), int(k2_), t_.data.per_step ? " per step" : "");
        return line;
    }

  private:
    Index width_of_X() const { return t_.n_tokens ? 1 : t_.F; }

    // Zeros and twos, the same for the same sequence of calls
    static int draw_masks(void* self, Index B, void* const* masks) {
        const TrainingCase& own = *static_cast<TrainingCase*>(self);
        for (Index k = 0; k < own.t_.n_layers; ++k) {
            const Index parts = k + 1 < own.t_.n_layers ? 1 : own.t_.n_poolings;
            const Index n = B * own.H_[k] * own.t_.n_directions * parts;
            for (Index j = 0; j < n; ++j) static_cast<Real*>(masks[k])[j] = Real(j * 7 % 3 ? 2 : 0);
        }
        return 1;
    }

    void draw_weights(Random& random) {
        Index D = t_.F;
        P_ = t_.n_tokens * t_.F;
        for (Index k = 0; k < t_.n_layers; ++k) {
            cells_.push_back(int(random.between(0, skrnn::n_cells() - 1)));
            H_.push_back(random.between(1, random.chance(0.2) ? 90 : 20));
            P_ += t_.n_directions * skrnn::cell_info(cells_[k]).gates * H_[k] * (D + H_[k] + 2);
            D = t_.n_directions * H_[k];
        }
        R_ = t_.n_poolings * D;
        P_ += t_.K * (1 + R_);
        theta_ = numbers<Real>(P_, random, 0.5, random.chance(0.1) ? 0.001 : 0);
    }

    void draw_data(Random& random) {
        skrnn::Data& data = t_.data;
        const Index n = random.between(1, random.chance(0.2) ? 60 : 9), T = random.between(1, 12);
        const skrnn::LossInfo& info = skrnn::loss_info(t_.loss);
        data.per_step = random.chance(0.5);
        data.is_rectangular = random.chance(0.4);
        data.delay = data.per_step && !data.is_rectangular && random.chance(0.3) ? random.between(1, 2) : 0;
        data.replication = !data.per_step && random.chance(0.3) ? 0.4 : 0;
        data.y_columns = info.single ? 1 : t_.K;
        Index total = 0;
        for (Index i = 0; i < n; ++i) {
            lengths_.push_back(data.is_rectangular ? T : random.between(1, T));
            read_.push_back(lengths_[i] + data.delay);
            starts_.push_back(total);
            total += lengths_[i];
            weight_.push_back(random.chance(0.1) ? 0 : 1 + random.uniform());
        }
        for (Index k = 0; k < total; ++k) order_.push_back(k);
        for (Index k = total - 1; k > 0; --k) std::swap(order_[k], order_[random.between(0, k)]);
        X_ = numbers<Real>(total * width_of_X(), random, 1, !t_.n_tokens && random.chance(0.1) ? 0.001 : 0);
        for (Real& x : X_)
            if (t_.n_tokens) x = Real(random.between(-1, t_.n_tokens - 1));
        y_ = numbers<Real>((data.per_step ? total : n) * data.y_columns, random, 1, 0);
        for (Real& y : y_) y = info.labels ? Real(random.between(0, t_.K - 1)) : std::fabs(y);
        has_inner_ = random.chance(0.5);
        for (Index k = 0; k < (data.per_step ? total : n); ++k)
            inner_.push_back(has_inner_ ? double(random.between(0, 2)) : 1);
        for (Index k = 0; k < (info.n_options < 0 ? t_.K : info.n_options); ++k) options_.push_back(random.uniform());
        for (Index k = random.between(1, n); k > 0; --k) rows_.push_back(random.between(0, n - 1));
    }

    std::vector<skrnn::TrainingLayer> layers_in(Real* theta, Real* g) const {
        std::vector<skrnn::TrainingLayer> layers;
        Index at = t_.n_tokens * t_.F, D = t_.F;
        for (Index k = 0; k < t_.n_layers; ++k) {
            const Index H = H_[k], G = skrnn::cell_info(cells_[k]).gates * H;
            const Index sizes[] = {D * G, H * G, G, G};
            skrnn::TrainingLayer layer = {};
            layer.cell = cells_[k];
            layer.H = H;
            for (int d = 0; d < t_.n_directions; ++d)
                for (int j = 0; j < 4; at += sizes[j++]) {
                    layer.weights[d][j] = theta + at;
                    layer.gradients[d][j] = g + at;
                }
            layers.push_back(layer);
            D = t_.n_directions * H;
        }
        return layers;
    }

    // Memory that batches before have left behind
    static void spoil(skrnn::Workplace& place, Random& random, bool nan) {
        const Index n = random.between(1, 200000);
        Real* const old = place.batch.take<Real>(n);
        for (Index j = 0; j < n; ++j) {
            if (nan) {
                write_nan(old + j, random);
            } else {
                write_bits(old + j, random.bits());
            }
        }
    }

    const Build& build_;
    skrnn::Training t_ = {};
    Index P_ = 0, R_, k1_, k2_, batches_;
    bool has_inner_, has_start_, has_ends_, is_late_;
    std::vector<int> cells_;
    std::vector<Index> H_, starts_, lengths_, read_, order_, rows_;
    std::vector<Real> theta_, X_, y_;
    std::vector<double> weight_, inner_, options_;
};

template <class Real>
void fuzz_training(const Build& build, int least_threads, Random& random) {
    const TrainingCase<Real> training(build, random);
    const std::vector<Real> a = training.run(random, 1, false, false);
    const std::vector<Real> b = training.run(random, int(random.between(least_threads, MOST_THREADS)), true, true);
    for (std::size_t j = 0; j < a.size(); ++j)
        if (!same(a[j], b[j])) fail(training.text() + ": number " + std::to_string(j) + " depends on garbage, threads, or updates put off");
}

// --- memory that is used again ------------------------------------------------------------------------

// Nobody else has a block that is taken, whatever other callers do.
void fuzz_memory(Random& random) {
    skrnn::begin_keeping();
    for (int round = 0; round < 4; ++round) {
        std::vector<skrnn::Block> taken;
        const unsigned char mark = static_cast<unsigned char>(random.bits());
        for (Index n = random.between(0, 4); n > 0; --n) {
            const std::size_t size = std::size_t(random.between(0, random.chance(0.1) ? 1 << 20 : 9000));
            taken.push_back(skrnn::take_block(size));
            const skrnn::Block block = taken.back();
            check(block.data && block.size >= size && block.size <= 4 * size + 4096, "not the size asked for");
            check(reinterpret_cast<std::uintptr_t>(block.data) % 64 == 0, "not aligned");
            std::memset(block.data, mark, block.size);
        }
        for (const skrnn::Block& block : taken) {
            for (std::size_t j = 0; j < block.size; ++j)
                check(static_cast<unsigned char*>(block.data)[j] == mark, "a block has two users");
            skrnn::return_block(block);
        }
    }
    skrnn::end_keeping();
}

// --- rounds -------------------------------------------------------------------------------------------

template <class Real>
void fuzz(const Build& build, int least_threads, Random& random, char (&what)[300]) {
    const Problem<Real> problem(build, least_threads, random);
    const std::size_t at = std::strlen(what);
    std::snprintf(what + at, sizeof what - at, "%s", problem.text().c_str());
    const Results<Real> expected = Run<Real>(problem, random, false).through_table();
    Run<Real>(problem, random, true).through_driver().compare(expected);
    if (problem.N == problem.T * problem.B)
        Run<Real>(problem, random, true).step_by_step().compare(Run<Real>(problem, random, false).states_of_table());
    fuzz_update<Real>(build, random);
    fuzz_learning<Real>(build, random);
    fuzz_learned_update<Real>(build, random);
    fuzz_training<Real>(build, least_threads, random);
    fuzz_functions<Real>(build, random);
}

void call(int rounds, int seed, int caller, int least_threads) {
    int n_builds = 0;
    while (skrnn::builds()[n_builds]) ++n_builds;
    for (int round = 0; round < rounds; ++round) {
        Random random{std::uint32_t(seed), std::uint32_t(caller), std::uint32_t(round)};
        char(&what)[300] = in_work[caller];
        std::snprintf(what, sizeof what, "seed %d caller %d round %d: ", seed, caller, round);
        const Build& build = *skrnn::builds()[random.between(0, n_builds - 1)];
        if (random.chance(0.5)) {
            fuzz<float>(build, least_threads, random, what);
        } else {
            fuzz<double>(build, least_threads, random, what);
        }
        fuzz_memory(random);
    }
    in_work[caller][0] = 0;
}

int threads_alive() {
    int n = 0;
#if defined(__linux__)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));  // for those that are about to end
    if (DIR* const tasks = opendir("/proc/self/task")) {
        while (const dirent* const task = readdir(tasks)) n += task->d_name[0] != '.';
        closedir(tasks);
    }
#endif
    return n;
}

}  // namespace

int main(int n_arguments, char** arguments) {
    int given[] = {0, 0, 1, 1};
    for (int k = 0; k < 4 && k + 1 < n_arguments; ++k) given[k] = std::atoi(arguments[k + 1]);
    const int rounds = given[0], seed = given[1], callers = given[2], least_threads = given[3];
    if (n_arguments < 3 || callers < 1 || callers > MOST_CALLERS || least_threads < 1 ||
        least_threads > MOST_THREADS) {
        std::fprintf(stderr, "kernels_fuzz ROUNDS SEED [CALLERS [LEAST_THREADS]]\n");
        return 2;
    }
    if (__sanitizer_set_death_callback) __sanitizer_set_death_callback(report_work);
    std::thread([] {}).join();  // a sanitizer may start a thread of its own with the first
    const int before = threads_alive();
    std::vector<std::thread> threads;
    for (int caller = 1; caller < callers; ++caller)
        threads.emplace_back(call, rounds, seed, caller, least_threads);
    call(rounds, seed, 0, least_threads);
    for (std::thread& thread : threads) thread.join();
    std::string names;
    for (const Build* const* b = skrnn::builds(); *b; ++b) names += std::string(" ") + (*b)->name;
    std::printf("%d rounds of %d callers, seed %d, builds%s, %d helpers\n", rounds, callers, seed,
                names.c_str(), threads_alive() - before);
    return 0;
}
