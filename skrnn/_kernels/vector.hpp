// Vector registers as GCC and Clang spell them, and the functions of one register that cells need.
//
// SKRNN_ISA names the namespace of this build, SKRNN_VECTOR_BYTES the width of a register. Every
// build has a namespace of its own: code compiled for a newer processor must never be merged by the
// linker into the build for an older one. For the same reason nothing here includes the C++ library, but its types.
//
// exp, sigmoid and tanh. y = n ln 2 + r with |r| <= ln(2) / 2; e^y - 1 = 2^n p + (2^n - 1) with
// p = e^r - 1, a polynomial. Then
//     sigmoid(a) = e / (1 + e)               e = e^a        (small where it should be small)
//     tanh(a)    = m / (2 + m)               m = e^(2a) - 1 (no cancellation at 0, never above 1)
// Comparisons are written so that a NaN comes through.

#pragma once

#include <cstdint>

namespace skrnn {
namespace SKRNN_ISA {

#define SKRNN_INLINE inline __attribute__((always_inline))

template <class T>
struct Simd;

template <>
struct Simd<float> {
    typedef float V __attribute__((vector_size(SKRNN_VECTOR_BYTES)));
    typedef float Unaligned __attribute__((vector_size(SKRNN_VECTOR_BYTES), aligned(4), may_alias));
    typedef std::uint32_t Bits;  // unsigned: shifting them is defined whatever they hold
    typedef Bits I __attribute__((vector_size(SKRNN_VECTOR_BYTES)));
    static constexpr int lanes = SKRNN_VECTOR_BYTES / 4;
    static constexpr int mantissa = 23;
    static constexpr Bits one = 0x3f800000;
    static constexpr float round = 12582912.0f;  // 1.5 2^23: adding it rounds to whole numbers
    static constexpr float tanh_is_one = 9.02f;
    static constexpr float exp_limit = 87.0f;
    // (e^r - 1 - r) / r^2, interpolated at Chebyshev nodes: relative error of p 2.4e-8
    static SKRNN_INLINE V q(V r) {
        V q = 0.0013926184037700295f * r + 0.008363178931176662f;
        q = q * r + 0.041666556149721146f;
        q = q * r + 0.16666576266288757f;
        return q * r + 0.5f;
    }
};

template <>
struct Simd<double> {
    typedef double V __attribute__((vector_size(SKRNN_VECTOR_BYTES)));
    typedef double Unaligned __attribute__((vector_size(SKRNN_VECTOR_BYTES), aligned(8), may_alias));
    typedef std::uint64_t Bits;
    typedef Bits I __attribute__((vector_size(SKRNN_VECTOR_BYTES)));
    static constexpr int lanes = SKRNN_VECTOR_BYTES / 8;
    static constexpr int mantissa = 52;
    static constexpr Bits one = 0x3ff0000000000000;
    static constexpr double round = 6755399441055744.0;  // 1.5 2^52
    static constexpr double tanh_is_one = 19.1;
    static constexpr double exp_limit = 708.0;
    // relative error of p 4.1e-17
    static SKRNN_INLINE V q(V r) {
        V q = 2.510038549551032e-08 * r + 2.7620088445409746e-07;
        q = q * r + 2.7557268459997064e-06;
        q = q * r + 2.4801521295954376e-05;
        q = q * r + 0.00019841269863053618;
        q = q * r + 0.0013888888917213717;
        q = q * r + 0.008333333333330062;
        q = q * r + 0.04166666666662413;
        q = q * r + 0.16666666666666669;
        return q * r + 0.5000000000000001;
    }
};

template <class T>
using Vector = typename Simd<T>::V;

template <class T>
SKRNN_INLINE Vector<T> load(const T* p) {
    return *reinterpret_cast<const typename Simd<T>::Unaligned*>(p);
}

template <class T>
SKRNN_INLINE void store(T* p, Vector<T> v) {
    *reinterpret_cast<typename Simd<T>::Unaligned*>(p) = v;
}

template <class T>
SKRNN_INLINE Vector<T> zero() {
    return Vector<T>{};
}

// The n numbers at p, zeros beyond; n <= lanes
template <class T>
SKRNN_INLINE Vector<T> load_first(const T* p, std::int64_t n) {
    Vector<T> v = zero<T>();
    for (std::int64_t j = 0; j < n; ++j) v[j] = p[j];
    return v;
}

template <class T>
SKRNN_INLINE Vector<T> load_at_most(const T* p, std::int64_t n) {
    return n >= Simd<T>::lanes ? load(p) : load_first(p, n);
}

// x, at most limit; limit < NaN is false, so that a NaN stays
template <class T>
SKRNN_INLINE Vector<T> at_most(Vector<T> x, T limit) {
    Vector<T> top = zero<T>() + limit;
    return top < x ? top : x;
}

template <class T>
SKRNN_INLINE Vector<T> at_least(Vector<T> x, T limit) {
    Vector<T> bottom = zero<T>() + limit;
    return x < bottom ? bottom : x;
}

// y = factor a, |y| within the range of exp; returns p = e^r - 1 and 2^n
template <class T, int factor>
SKRNN_INLINE Vector<T> exp_parts(Vector<T> a, Vector<T>& power) {
    using S = Simd<T>;
    const Vector<T> shifted = a * T(factor * 1.4426950408889634) + S::round;
    const Vector<T> n = shifted - S::round;
    // the low bits of ``shifted`` hold n: move them into the exponent
    power = (Vector<T>)(((typename S::I)shifted << S::mantissa) + S::one);
    const Vector<T> y = factor == 1 ? a : a + a;
    const Vector<T> r = y - n * T(0.6931471805599453);
    return (r * r) * S::q(r) + r;
}

template <class T>
SKRNN_INLINE Vector<T> sigmoid(Vector<T> a) {
    Vector<T> power;
    const T limit = Simd<T>::exp_limit;
    const Vector<T> p = exp_parts<T, 1>(at_most<T>(at_least<T>(a, -limit), limit), power);
    const Vector<T> e = power * p + power;
    return e / (e + T(1));
}

template <class T>
SKRNN_INLINE Vector<T> tanh(Vector<T> a) {
    Vector<T> power;
    const T limit = Simd<T>::tanh_is_one;
    const Vector<T> p = exp_parts<T, 2>(at_most<T>(at_least<T>(a, -limit), limit), power);
    const Vector<T> m = power * p + (power - T(1));
    return m / (m + T(2));
}

// Flush denormals to zero for as long as this object lives: vanishing gradients end in denormals, and
// every operation on one costs some hundred cycles.
class FlushDenormals {
#if defined(__SSE__)
    unsigned before_;

  public:
    FlushDenormals() : before_(__builtin_ia32_stmxcsr()) { __builtin_ia32_ldmxcsr(before_ | 0x8040); }
    ~FlushDenormals() { __builtin_ia32_ldmxcsr(before_); }
#elif defined(__aarch64__)
    std::uint64_t before_;

  public:
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before_));
        asm volatile("msr fpcr, %0" : : "r"(before_ | (std::uint64_t(1) << 24)));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(before_)); }
#else
  public:
    FlushDenormals() {}
#endif
    FlushDenormals(const FlushDenormals&) = delete;
    FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace SKRNN_ISA
}  // namespace skrnn
