#include "driver.hpp"

#include <cstdlib>
#include <new>
#include <vector>

#include "erased.hpp"
#include "memory.hpp"
#include "threads.hpp"

namespace skrnn {

namespace {

// A helper takes some 10 microseconds to wake: it must bring more. In multiplications.
constexpr double WORTH_A_THREAD = 2e6;

// Two slices for each thread, to even out what threads lose to others, where slices stay this large.
constexpr Index ROWS_OF_A_SLICE = 12;

template <class T>
class Scratch {
  public:
    explicit Scratch(Index n) : data_(static_cast<T*>(allocate(n * sizeof(T)))) {}
    ~Scratch() { release(data_); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    T* get() { return data_; }

  private:
    T* data_;
};

double work(const Layer& layer, const Steps& steps) {
    return double(steps.offsets[steps.T]) * layer.H * cell_info(layer.cell).slots * (layer.D + layer.H + 16);
}

int useful_threads(const Layer& layer, const Window& window, Index parts) {
    double n = work(layer, window.steps) / WORTH_A_THREAD;
    if (n > parts) n = parts;
    if (n > window.n_threads) n = window.n_threads;
    return n < 2 ? 1 : int(n);
}

// First sequences of slices with about the same number of steps: slices + 1 bounds
std::vector<Index> cut(const Steps& steps, int slices) {
    std::vector<Index> bounds{0};
    std::vector<Index> alive(steps.B + 1, 0);  // steps at which exactly so many sequences are alive
    for (Index t = 0; t < steps.T; ++t) ++alive[steps.n[t]];
    Index length = steps.T - alive[0], sum = 0;
    const double total = double(steps.offsets[steps.T]);
    for (Index i = 0; i < steps.B; ++i) {  // sequence i is alive at ``length`` steps
        sum += length;
        while (Index(bounds.size()) < slices && sum >= total * bounds.size() / slices) bounds.push_back(i + 1);
        length -= alive[i + 1];
    }
    while (Index(bounds.size()) < slices) bounds.push_back(steps.B);
    bounds.push_back(steps.B);
    return bounds;
}

template <class T>
Weights<T> weights(const Layer& l) {
    return {l.D,
            l.H,
            static_cast<const T*>(l.W_x),
            static_cast<const T*>(l.W_h),
            static_cast<const T*>(l.b_x),
            static_cast<const T*>(l.b_h)};
}

Index padded(const Layer& layer, Index n) {
    const Index L = lanes(*layer.build, layer.is_double);
    return (n + L - 1) / L * L;
}

template <class T, class F>
void over_slices(const Layer& layer, const Window& window, const F& f) {
    const int n = useful_threads(layer, window, window.steps.B);
    if (n == 1) return f(0, window.steps.B);
    const int slices = window.steps.B < ROWS_OF_A_SLICE * 2 * n ? n : 2 * n;
    const std::vector<Index> bounds = cut(window.steps, slices);
    in_parallel(n, slices, [&](int k) { f(bounds[k], bounds[k + 1]); });
}

template <class T>
void forward(const Layer& layer, const Window& window, const Outputs& out, const T* packed) {
    const Forward<T> w = {window.steps,
                          layer.D,
                          layer.H,
                          padded(layer, layer.H),
                          static_cast<const T*>(window.X),
                          window.X_stride,
                          packed,
                          as<T>(out.h),
                          as<T>(out.c),
                          as<T>(out.tape),
                          {as<T>(out.state[0]), as<T>(out.state[1])},
                          {as<T>(out.kept[0]), as<T>(out.kept[1])},
                          out.kept[0] ? out.keep : -1};
    over_slices<T>(layer, window, [&](Index first, Index last) { kernel<T>(layer).forward(w, first, last); });
}

template <class T>
bool pack_and_forward(const Layer& layer, const Window& window, const Outputs& out) {
    Scratch<T> packed(kernel<T>(layer).forward_size(layer.D, layer.H));
    if (!packed.get()) return false;
    kernel<T>(layer).pack_forward(weights<T>(layer), packed.get());
    forward<T>(layer, window, out, packed.get());
    return true;
}

template <class T>
void one_step(const OneStep& s) {
    const Index offsets[] = {0, s.rows};
    const Forward<T> w = {{1, s.rows, &s.rows, offsets, false},
                          s.layer.D,
                          s.layer.H,
                          padded(s.layer, s.layer.H),
                          static_cast<const T*>(s.X),
                          s.X_stride,
                          as<T>(s.packed),
                          as<T>(s.h),
                          nullptr,
                          nullptr,
                          {as<T>(s.state[0]), as<T>(s.state[1])},
                          {nullptr, nullptr},
                          -1};
    kernel<T>(s.layer).forward(w, 0, s.rows);
}

template <class T>
void backward(const Layer& layer, const Window& window, const Outputs& of, const Inputs& in, const T* packed,
              T* direct) {
    const Backward<T> w = {window.steps,
                           layer.D,
                           layer.H,
                           padded(layer, layer.H),
                           padded(layer, layer.D),
                           packed,
                           static_cast<const T*>(in.dh),
                           in.dh_stride,
                           in.first,
                           as<T>(of.h),
                           as<T>(of.c),
                           {as<T>(of.state[0]), as<T>(of.state[1])},
                           as<T>(of.tape),
                           {as<T>(in.dstate[0]), as<T>(in.dstate[1])},
                           direct,
                           as<T>(in.dX)};
    over_slices<T>(layer, window, [&](Index first, Index last) { kernel<T>(layer).backward(w, first, last); });
}

template <class T>
bool pack_and_backward(const Layer& layer, const Window& window, const Outputs& of, const Inputs& in) {
    Scratch<T> packed(kernel<T>(layer).backward_size(layer.D, layer.H));
    Scratch<T> direct(window.steps.B * padded(layer, layer.H));
    if (!packed.get() || !direct.get()) return false;
    kernel<T>(layer).pack_backward(weights<T>(layer), packed.get());
    backward<T>(layer, window, of, in, packed.get(), direct.get());
    return true;
}

template <class T>
Gradient<T> gradient_of(const Layer& layer, const Window& window, const Outputs& of, void* const to[4]) {
    return {window.steps,
            layer.D,
            layer.H,
            padded(layer, layer.H),
            static_cast<const T*>(window.X),
            window.X_stride,
            as<T>(of.h),
            as<T>(of.state[0]),
            as<T>(of.tape),
            as<T>(to[0]),
            as<T>(to[1]),
            as<T>(to[2]),
            as<T>(to[3])};
}

template <class T>
void gradient(const Layer& layer, const Window& window, const Outputs& of, void* const gradients[4], T* scratch) {
    const int n = useful_threads(layer, window, (layer.D + layer.H) / 12 + 1);
    const Gradient<T> g = gradient_of<T>(layer, window, of, gradients);
    in_parallel(n, n, [&](int part) { kernel<T>(layer).gradient(g, scratch, part, n); });
}

template <class T>
bool new_gradient(const Layer& layer, const Window& window, const Outputs& of, void* const gradients[4]) {
    Scratch<T> scratch(kernel<T>(layer).gradient_size(layer.D, layer.H));
    if (!scratch.get()) return false;
    gradient<T>(layer, window, of, gradients, scratch.get());
    return true;
}

template <class T>
LayerNumbers numbers(const Layer& l) {
    const Kernel<T>& k = kernel<T>(l);
    return {k.forward_size(l.D, l.H), k.backward_size(l.D, l.H), k.gradient_size(l.D, l.H)};
}

template <class T>
void step(const Updates<T>& updates, const Vectors& v, const Part& part, int solver, double shrink,
          const double* coefficients) {
    const Index first = part.first;
    Update<T> u = {part.last - first,
                   v.n,
                   as<T>(v.theta) + first,
                   as<T>(v.g) + first,
                   as<T>(v.memory) + first,
                   as<T>(v.theta_before) + first,
                   as<T>(v.memory_before) + first,
                   T(shrink),
                   {}};
    for (int k = 0; k < COEFFICIENTS; ++k) u.coefficients[k] = T(coefficients[k]);
    updates.step[solver](u);
}

template <class T>
void catch_up(const Updates<T>& updates, const Vectors& v, const Part& part, int solver, const double* coefficients,
              Index n_steps) {
    const Index first = part.first;
    updates.catch_up[solver](
        {part.last - first, v.n, as<T>(v.theta) + first, as<T>(v.memory) + first, coefficients, n_steps, T(0)});
}

// Python must not see exceptions of C++.
template <class F>
bool with_memory(const F& f) {
    try {
        return f();
    } catch (const std::bad_alloc&) {
        return false;
    }
}

}  // namespace

const Build* const* builds() {
#if defined(__x86_64__)
    static const Build* const with_avx512[] = {&avx512_build, &avx2_build, &baseline_build, nullptr};
    static const Build* const with_avx2[] = {&avx2_build, &baseline_build, nullptr};
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    if (avx2 && avx512) return with_avx512;
    if (avx2) return with_avx2;
#endif
    static const Build* const only_baseline[] = {&baseline_build, nullptr};
    return only_baseline;
}

Index lanes(const Build& build, bool is_double) {
    return build.vector_bytes / (is_double ? sizeof(double) : sizeof(float));
}

// the same in every build
int n_cells() { return baseline_build.n_cells; }
const CellInfo& cell_info(int cell) { return baseline_build.cells[cell]; }
int n_solvers() { return baseline_build.n_solvers; }
const SolverInfo& solver_info(int solver) { return baseline_build.solvers[solver]; }

bool run_forward(const Layer& l, const Window& w, const Outputs& o) {
    return with_memory(
        [&] { return l.is_double ? pack_and_forward<double>(l, w, o) : pack_and_forward<float>(l, w, o); });
}

LayerNumbers numbers_of(const Layer& l) { return l.is_double ? numbers<double>(l) : numbers<float>(l); }

void pack_forward(const Layer& l, void* packed) {
    l.is_double ? kernel<double>(l).pack_forward(weights<double>(l), as<double>(packed))
                : kernel<float>(l).pack_forward(weights<float>(l), as<float>(packed));
}

void pack_backward(const Layer& l, void* packed) {
    l.is_double ? kernel<double>(l).pack_backward(weights<double>(l), as<double>(packed))
                : kernel<float>(l).pack_backward(weights<float>(l), as<float>(packed));
}

void forward_packed(const Layer& l, const Window& w, const Outputs& o, const void* packed) {
    l.is_double ? forward(l, w, o, as<double>(packed)) : forward(l, w, o, as<float>(packed));
}

void backward_packed(const Layer& l, const Window& w, const Outputs& o, const Inputs& i, const void* packed,
                     void* direct) {
    l.is_double ? backward(l, w, o, i, as<double>(packed), as<double>(direct))
                : backward(l, w, o, i, as<float>(packed), as<float>(direct));
}

void gradient_in(const Layer& l, const Window& w, const Outputs& o, void* const gradients[4], void* scratch) {
    l.is_double ? gradient(l, w, o, gradients, as<double>(scratch)) : gradient(l, w, o, gradients, as<float>(scratch));
}

void run_one_step(const OneStep& s) { s.layer.is_double ? one_step<double>(s) : one_step<float>(s); }

bool run_backward(const Layer& l, const Window& w, const Outputs& o, const Inputs& i) {
    return with_memory(
        [&] { return l.is_double ? pack_and_backward<double>(l, w, o, i) : pack_and_backward<float>(l, w, o, i); });
}

bool run_gradient(const Layer& l, const Window& w, const Outputs& o, void* const gradients[4]) {
    return with_memory(
        [&] { return l.is_double ? new_gradient<double>(l, w, o, gradients) : new_gradient<float>(l, w, o, gradients); });
}

bool run_exact_gradient(const Layer& l, const Window& w, const Outputs& o, void* const gradients[4],
                        const ExactSum& sum) {
    const Kernel<double>& k = l.build->float64[l.cell];
    const int n = useful_threads(l, w, padded(l, l.H) / lanes(*l.build, true) * ((l.D + l.H) / 12 + 1));
    const Index numbers = k.exact_size(w.steps.T, l.D, l.H, sum.n_pieces, n);
    const Index size = (numbers + 7) / 8 * 8;  // whole cache lines: each part has its own
    Scratch<double> scratch(n * size);
    if (!scratch.get()) return false;
    const Gradient<double> g = gradient_of<double>(l, w, o, gradients);
    in_parallel(n, n, [&](int part) { k.exact_gradient(g, sum, scratch.get() + part * size, part, n); });
    return true;
}

double gather(const Build& build, const Vectors& v, Index matrices, double scale, double decay, double* penalty) {
    const Part whole = {0, v.n};
    return gather(build, v, &whole, 1, matrices, scale, decay, penalty);
}

double gather(const Build& build, const Vectors& v, const Part* parts, Index n_parts, Index matrices, double scale,
              double decay, double* penalty) {
    const double *const theta64 = as<double>(v.theta);
    const float *const theta32 = as<float>(v.theta);
    return v.is_double ? build.update64.gather(as<double>(v.g), theta64, parts, n_parts, matrices, scale, decay, penalty)
                       : build.update32.gather(as<float>(v.g), theta32, parts, n_parts, matrices, float(scale),
                                               float(decay), penalty);
}

void step(const Build& build, const Vectors& v, int solver, double shrink, const double coefficients[COEFFICIENTS]) {
    step(build, v, {0, v.n}, solver, shrink, coefficients);
}

void step(const Build& build, const Vectors& v, const Part& part, int solver, double shrink,
          const double coefficients[COEFFICIENTS]) {
    v.is_double ? step(build.update64, v, part, solver, shrink, coefficients)
                : step(build.update32, v, part, solver, shrink, coefficients);
}

void catch_up(const Build& build, const Vectors& v, const Part& part, int solver, const double* coefficients,
              Index n_steps) {
    v.is_double ? catch_up(build.update64, v, part, solver, coefficients, n_steps)
                : catch_up(build.update32, v, part, solver, coefficients, n_steps);
}

void apply(const Build& build, int function, bool is_double, const void* x, void* y, Index n) {
    if (is_double) {
        build.apply_float64(function, static_cast<const double*>(x), static_cast<double*>(y), n);
    } else {
        build.apply_float32(function, static_cast<const float*>(x), static_cast<float*>(y), n);
    }
}

}  // namespace skrnn
