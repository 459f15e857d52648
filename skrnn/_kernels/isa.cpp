// One build of the kernels: compiled once for each level of vector instructions, with
//   SKRNN_ISA           name of the build and of its namespace
//   SKRNN_VECTOR_BYTES  width of a vector register
//   SKRNN_SUMS          sums that a tile keeps in registers

#include "exact.hpp"
#include "online.hpp"
#include "read_out.hpp"
#include "update.hpp"
#include "window.hpp"

namespace skrnn {
namespace SKRNN_ISA {

template <class Cell>
constexpr CellInfo info(const char* name) {
    return {name,           Cell::gates,  Cell::slots,  Cell::states,  Cell::x_first,
            Cell::h_first,  Cell::x_gate, Cell::h_gate, Cell::has_tape};
}

template <class T, class Influence_>
constexpr Influence<T> influence() {
    return {Influence_::size, Influence_::flat_size, Influence_::scratch_size,
            Influence_::get,  Influence_::set,       Influence_::advance};
}

#define SKRNN_INFLUENCE(name, Influence_) influence<T, Influence_<Cell, T>>(),
#define SKRNN_INFLUENCE_NAME(name, Influence_) #name,

template <class T, class Cell>
constexpr Kernel<T> kernel() {
    return {forward_size<Cell, T>, backward_size<Cell, T>, pack_forward<Cell, T>,  pack_backward<Cell, T>,
            forward<Cell, T>,      backward<Cell, T>,      gradient_size<Cell, T>, gradient<Cell, T>,
            Slopes<Cell, T>::size, online_step<Cell, T>,   {SKRNN_INFLUENCES(SKRNN_INFLUENCE)},
            nullptr,               nullptr};
}

template <class Cell>
constexpr Kernel<double> kernel64() {
    Kernel<double> k = kernel<double, Cell>();
    k.exact_size = exact_size<Cell, double>;
    k.exact_gradient = exact_gradient<Cell, double>;
    return k;
}

template <class T>
constexpr ReadOut<T> read_out() {
    return {pack_read_out<T>, read_out_forward<T>, read_out_backward<T>, read_out_gradient<T>};
}

template <class T>
void apply(int function, const T* x, T* y, Index n) {
    const FlushDenormals mode;
    for (Index k = 0; k < n; k += Simd<T>::lanes) {
        const Index rest = smaller(n - k, Simd<T>::lanes);
        const Vector<T> v = load_first(x + k, rest);
        const Vector<T> f = function == 0 ? tanh<T>(v) : sigmoid<T>(v);
        for (Index j = 0; j < rest; ++j) y[k + j] = f[j];
    }
}

// The tables, in the order of the lists of cells.hpp and update.hpp
#define SKRNN_CELL_INFO(name, Cell) info<Cell<float>>(#name),
#define SKRNN_CELL_32(name, Cell) kernel<float, Cell<float>>(),
#define SKRNN_CELL_64(name, Cell) kernel64<Cell<double>>(),
#define SKRNN_SOLVER_INFO(name, Solver) \
    {#name, Solver<float>::slots, Solver<float>::n_options, Solver<float>::divides, Solver<float>::coefficients},
#define SKRNN_SOLVER_32(name, Solver) step<Solver<float>, float>,
#define SKRNN_SOLVER_64(name, Solver) step<Solver<double>, double>,
#define SKRNN_MISSED_32(name, Solver) catch_up<Solver<float>, float>,
#define SKRNN_MISSED_64(name, Solver) catch_up<Solver<double>, double>,

constexpr CellInfo cell_infos[] = {SKRNN_CELLS(SKRNN_CELL_INFO)};
constexpr Kernel<float> cells32[] = {SKRNN_CELLS(SKRNN_CELL_32)};
constexpr Kernel<double> cells64[] = {SKRNN_CELLS(SKRNN_CELL_64)};
constexpr const char* influence_names[] = {SKRNN_INFLUENCES(SKRNN_INFLUENCE_NAME)};
constexpr SolverInfo solver_infos[] = {SKRNN_SOLVERS(SKRNN_SOLVER_INFO)};
constexpr void (*steps32[])(const Update<float>&) = {SKRNN_SOLVERS(SKRNN_SOLVER_32)};
constexpr void (*steps64[])(const Update<double>&) = {SKRNN_SOLVERS(SKRNN_SOLVER_64)};
constexpr void (*missed32[])(const Missed<float>&) = {SKRNN_SOLVERS(SKRNN_MISSED_32)};
constexpr void (*missed64[])(const Missed<double>&) = {SKRNN_SOLVERS(SKRNN_MISSED_64)};

#define SKRNN_STRING_(name) #name
#define SKRNN_STRING(name) SKRNN_STRING_(name)
#define SKRNN_JOIN_(a, b) a##b
#define SKRNN_JOIN(a, b) SKRNN_JOIN_(a, b)

constexpr Build this_build = {
    SKRNN_STRING(SKRNN_ISA),
    SKRNN_VECTOR_BYTES,
    sizeof(cell_infos) / sizeof(cell_infos[0]),
    sizeof(solver_infos) / sizeof(solver_infos[0]),
    sizeof(influence_names) / sizeof(influence_names[0]),
    cell_infos,
    cells32,
    cells64,
    solver_infos,
    influence_names,
    {gather<float>, steps32, missed32},
    {gather<double>, steps64, missed64},
    read_out<float>(),
    read_out<double>(),
    apply<float>,
    apply<double>,
};

}  // namespace SKRNN_ISA

extern const Build SKRNN_JOIN(SKRNN_ISA, _build) = SKRNN_ISA::this_build;

}  // namespace skrnn
