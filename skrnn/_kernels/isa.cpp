// One build of the kernels: compiled once for each level of vector instructions, with
//   SKRNN_ISA           name of the build and of its namespace
//   SKRNN_VECTOR_BYTES  width of a vector register
//   SKRNN_SUMS          sums that a tile keeps in registers

#include "exact.hpp"
#include "update.hpp"
#include "window.hpp"

namespace skrnn {
namespace SKRNN_ISA {

template <class T, class Cell>
constexpr Kernel<T> kernel() {
    return {Cell::slots,           Cell::states,           Cell::has_tape,        forward_size<Cell, T>,
            backward_size<Cell, T>, pack_forward<Cell, T>, pack_backward<Cell, T>, forward<Cell, T>,
            backward<Cell, T>,      gradient_size<Cell, T>, gradient<Cell, T>,      nullptr,
            nullptr};
}

template <class Cell>
constexpr Kernel<double> kernel64() {
    Kernel<double> k = kernel<double, Cell>();
    k.exact_size = exact_size<Cell, double>;
    k.exact_gradient = exact_gradient<Cell, double>;
    return k;
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

#define SKRNN_STRING_(name) #name
#define SKRNN_STRING(name) SKRNN_STRING_(name)
#define SKRNN_JOIN_(a, b) a##b
#define SKRNN_JOIN(a, b) SKRNN_JOIN_(a, b)

}  // namespace SKRNN_ISA

// in the order of CellId and SolverId
extern const Build SKRNN_JOIN(SKRNN_ISA, _build) = {
    SKRNN_STRING(SKRNN_ISA),
    SKRNN_VECTOR_BYTES,
    {SKRNN_ISA::kernel<float, SKRNN_ISA::Elman<float, SKRNN_ISA::Tanh<float>>>(),
     SKRNN_ISA::kernel<float, SKRNN_ISA::Elman<float, SKRNN_ISA::Relu<float>>>(),
     SKRNN_ISA::kernel<float, SKRNN_ISA::Lstm<float>>(), SKRNN_ISA::kernel<float, SKRNN_ISA::Gru<float>>()},
    {SKRNN_ISA::kernel64<SKRNN_ISA::Elman<double, SKRNN_ISA::Tanh<double>>>(),
     SKRNN_ISA::kernel64<SKRNN_ISA::Elman<double, SKRNN_ISA::Relu<double>>>(),
     SKRNN_ISA::kernel64<SKRNN_ISA::Lstm<double>>(), SKRNN_ISA::kernel64<SKRNN_ISA::Gru<double>>()},
    {SKRNN_ISA::gather<float>,
     {SKRNN_ISA::step<SKRNN_ISA::Sgd<float>>, SKRNN_ISA::step<SKRNN_ISA::Adam<float>>,
      SKRNN_ISA::step<SKRNN_ISA::RmsProp<float>>}},
    {SKRNN_ISA::gather<double>,
     {SKRNN_ISA::step<SKRNN_ISA::Sgd<double>>, SKRNN_ISA::step<SKRNN_ISA::Adam<double>>,
      SKRNN_ISA::step<SKRNN_ISA::RmsProp<double>>}},
    SKRNN_ISA::apply<float>,
    SKRNN_ISA::apply<double>,
};

}  // namespace skrnn
