#include "losses.hpp"

namespace skrnn {

namespace {

#define SKRNN_LOSS_INFO(name, Loss) {#name, Loss<float>::single, Loss<float>::n_options, reads_labels<Loss>},
#define SKRNN_LOSS(name, Loss) Loss<T>::value_and_gradient,

constexpr LossInfo infos[] = {SKRNN_LOSSES(SKRNN_LOSS_INFO)};
template <class T>
constexpr LossFunction<T> functions[] = {SKRNN_LOSSES(SKRNN_LOSS)};

}  // namespace

int n_losses() { return sizeof(infos) / sizeof(infos[0]); }
const LossInfo& loss_info(int loss) { return infos[loss]; }

template <class T>
LossFunction<T> loss_function(int loss) {
    return functions<T>[loss];
}
template LossFunction<float> loss_function(int);
template LossFunction<double> loss_function(int);

}  // namespace skrnn
