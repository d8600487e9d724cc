#include "decode/packed_network.h"

#include <fmt/format.h>

#include <numeric>
#include <utility>

#include "base/error.h"

namespace peapod {
namespace {

OutputHead text_head_of(const Tensor<const float>& head, Precision precision) {
  std::vector<int32_t> tokens(head.rows);
  std::iota(tokens.begin(), tokens.end(), 0);
  return {std::move(tokens), PackedMatrix(head.rows, head.cols, head.data, precision)};
}

OutputHead item_head_of(const Tensor<const float>& head, std::span<const int32_t> tokens, Precision precision) {
  std::vector<float> rows;
  rows.reserve(tokens.size() * head.cols);
  for (const int32_t token : tokens) {
    const float* row = head.row(static_cast<size_t>(token));
    rows.insert(rows.end(), row, row + head.cols);
  }
  return {{tokens.begin(), tokens.end()}, PackedMatrix(tokens.size(), head.cols, rows.data(), precision)};
}

}  // namespace

PackedNetwork::PackedNetwork(const Seq2Seq<float>& network, const PackOptions& options)
    : network_(network), precision_(options.precision) {
  for (const Tensor<const float>& weight : network.t5().linear_weights()) {
    weights_.add(weight.rows, weight.cols, weight.data, precision_);
  }
  const Tensor<const float> head = network.t5().head_weight();
  if (options.text) text_head_ = text_head_of(head, precision_);
  const auto tokens = options.item_tokens;
  if (tokens.empty()) return;
  if (tokens.front() < 0 || static_cast<size_t>(tokens.back()) >= head.rows) {
    throw Error("catalogue", fmt::format("token {} is beyond the model's vocabulary of {}", tokens.back(), head.rows),
                "use the data set that the model was trained on");
  }
  item_head_ = item_head_of(head, tokens, precision_);
}

}  // namespace peapod
