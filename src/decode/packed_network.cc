#include "decode/packed_network.h"

#include <fmt/format.h>

#include <numeric>

#include "base/error.h"

namespace peapod {
namespace {

std::vector<int32_t> whole_vocabulary(const Seq2Seq<float>& network) {
  std::vector<int32_t> tokens(network.config().t5.vocab_size);
  std::iota(tokens.begin(), tokens.end(), 0);
  return tokens;
}

}  // namespace

PackedNetwork::PackedNetwork(const Seq2Seq<float>& network, const PackOptions& options)
    : network_(network), precision_(options.precision) {
  for (const Tensor<const float>& weight : network.t5().linear_weights()) {
    weights_.add(weight.rows, weight.cols, weight.data, precision_);
  }
  if (options.text) text_head_ = head_of(whole_vocabulary(network));
  const auto tokens = options.item_tokens;
  if (tokens.empty()) return;
  const size_t vocabulary = network.config().t5.vocab_size;
  if (tokens.front() < 0 || static_cast<size_t>(tokens.back()) >= vocabulary) {
    throw Error("catalogue", fmt::format("token {} is beyond the model's vocabulary of {}", tokens.back(), vocabulary),
                "use the data set that the model was trained on");
  }
  item_head_ = head_of({tokens.begin(), tokens.end()});
}

OutputHead PackedNetwork::head_of(std::vector<int32_t> tokens) const {
  const Tensor<const float> head = network_.t5().head_weight();
  const auto scale = static_cast<float>(network_.t5().head_scale());
  std::vector<float> rows;
  rows.reserve(tokens.size() * head.cols);
  for (const int32_t token : tokens) {
    const float* row = head.row(static_cast<size_t>(token));
    for (size_t c = 0; c < head.cols; ++c) rows.push_back(scale * row[c]);
  }
  PackedMatrix weight(tokens.size(), head.cols, rows.data(), precision_);
  return {std::move(tokens), std::move(weight)};
}

}  // namespace peapod
