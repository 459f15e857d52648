// Behind the interfaces whose types are erased (``is_double``): how one number type gets back to its own.

#pragma once

#include "driver.hpp"

namespace skrnn {

template <class T>
T* as(void* p) {
    return static_cast<T*>(p);
}

template <class T>
const T* as(const void* p) {
    return static_cast<const T*>(p);
}

template <class T>
const Kernel<T>& kernel(const Layer& layer);
template <>
inline const Kernel<float>& kernel<float>(const Layer& layer) {
    return layer.build->float32[layer.cell];
}
template <>
inline const Kernel<double>& kernel<double>(const Layer& layer) {
    return layer.build->float64[layer.cell];
}

template <class T>
const ReadOut<T>& read_out(const Build& build);
template <>
inline const ReadOut<float>& read_out<float>(const Build& build) {
    return build.read_out32;
}
template <>
inline const ReadOut<double>& read_out<double>(const Build& build) {
    return build.read_out64;
}

// n, filled up to whole registers
template <class T>
Index padded(const Build& build, Index n) {
    const Index L = build.vector_bytes / Index(sizeof(T));
    return (n + L - 1) / L * L;
}

}  // namespace skrnn
