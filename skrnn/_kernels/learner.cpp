#include "learner.hpp"

#include <cmath>
#include <limits>

#include "erased.hpp"

namespace skrnn {

namespace {

// Euclidean norm and largest entry of g
template <class T>
double norm(const T* g, Index n, double* largest) {
    T top = 0;
    double squares = 0;
    for (Index k = 0; k < n; ++k) {
        const T size = std::abs(g[k]);
        top = size <= top ? top : size;  // a NaN stays
        if (!(top <= std::numeric_limits<T>::max())) break;
    }
    *largest = top;
    if (!(top <= std::numeric_limits<T>::max())) return top;
    for (Index k = 0; k < n && top > 0; ++k) squares += double(g[k] / top) * double(g[k] / top);
    return double(top) * std::sqrt(squares);
}

// Clip g by value where it is too large for its weight ``unit``; whether it was, and then the new norm.
template <class T>
bool clip_by_value(const Vectors& v, double limit, double* g_norm) {
    T* const g = as<T>(v.g);
    double largest;
    if (!std::isfinite(limit) || (norm(g, v.n, &largest), !(largest > limit))) return false;
    const T top = T(limit);
    for (Index k = 0; k < v.n; ++k) g[k] = g[k] > top ? top : g[k] < -top ? -top : g[k];
    *g_norm = norm(g, v.n, &largest);
    return true;
}

// The factor of g that makes it short enough.
double clip_by_norm(double limit, double g_norm, bool* active) {
    if (!std::isfinite(limit)) return 1;
    *active |= g_norm > limit;
    const double shrink = limit / (g_norm + 1e-6);  // the 1e-6 is torch's
    return shrink < 1 ? shrink : 1;
}

template <class T>
Outcome update(const Build& build, const Vectors& v, UpdateRule& rule, const Gathered& of, UpdateFacts* facts,
               LateRows* late) {
    const double decay = rule.alpha / of.S;
    const double squares = late ? late->gather(rule.matrices, of.scale, decay, &facts->penalty)
                                : gather(build, v, rule.matrices, of.scale, decay, &facts->penalty);
    double largest, g_norm = std::isfinite(squares) ? std::sqrt(squares) : norm(as<T>(v.g), v.n, &largest);
    facts->penalty = decay ? 0.5 * decay * facts->penalty : 0;
    facts->norm = g_norm;
    if (!std::isfinite(of.loss + facts->penalty)) return LOSS_NOT_FINITE;
    if (!std::isfinite(g_norm)) return GRADIENT_NOT_FINITE;
    // of a longer gradient the squares that solvers remember overflow
    const double longest = std::sqrt(double(std::numeric_limits<T>::max()));
    const bool is_long = g_norm > longest, is_weighted = rule.mean > 0;
    const double unit = of.relative_weight * (is_weighted ? rule.noise : 1);
    facts->clipped = clip_by_value<T>(v, rule.clip_value * unit, &g_norm);
    double shrink = clip_by_norm(rule.clip_norm, g_norm / unit, &facts->clipped), share = 1;
    if (is_weighted && solver_info(rule.solver).divides) {
        // g per unit of weight is what is squared; its weight goes into the step alone
        share = of.share * of.relative_weight / rule.root_mean_square;
        shrink /= of.relative_weight;
    } else if (is_weighted) {
        shrink *= of.share;
    }
    if (is_long && g_norm * shrink > longest) return GRADIENT_NOT_FINITE;
    double coefficients[COEFFICIENTS] = {};
    solver_info(rule.solver).coefficients(rule.options, double(rule.t + 1), share, coefficients);
    if (late) {
        late->step(shrink, coefficients);
    } else {
        step(build, v, rule.solver, shrink, coefficients);
    }
    ++rule.t;
    return UPDATED;
}

}  // namespace

Outcome run_update(const Build& build, const Vectors& v, UpdateRule& rule, const Gathered& of, UpdateFacts* facts,
                   LateRows* late) {
    return v.is_double ? update<double>(build, v, rule, of, facts, late)
                       : update<float>(build, v, rule, of, facts, late);
}

}  // namespace skrnn
