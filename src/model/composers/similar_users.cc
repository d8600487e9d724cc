#include "model/composers/similar_users.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "model/composers/composer_weights.h"
#include "model/composers/stored_user_vectors.h"

namespace peapod {
namespace {

constexpr const char* kTable = "user_vectors";

template <class T>
class Layer final : public ComposerLayer<T> {
 public:
  Layer(const ComposerOptions& options, const Matrix& table, size_t d_model, Parameters<T>& parameters)
      : options_(options), table_(table), d_model_(d_model), parameters_(parameters) {
    require_heads(options.heads, d_model);
    const size_t user_dim = options.user_vectors.dim;
    query_ = ComposerLinear::add(parameters, "query", d_model, user_dim);
    key_ = ComposerLinear::add(parameters, "key", d_model, user_dim);
    value_ = ComposerLinear::add(parameters, "value", d_model, user_dim);
    out_ = ComposerLinear::add(parameters, "out", options.prompt_length * d_model, d_model);
  }

  Var<T> prompts(Tape<T>& tape, T* gradients, std::span<const ComposerUser* const> users, T*) const override {
    const size_t user_dim = options_.user_vectors.dim;
    const Var<T> queries = query_(tape, parameters_, gradients, vectors_on<T>(tape, users, user_dim));
    std::vector<uint32_t> query_spans{0}, key_spans{0};
    for (const ComposerUser* user : users) {
      query_spans.push_back(query_spans.back() + 1);
      key_spans.push_back(key_spans.back() + static_cast<uint32_t>(user->neighbours.size()));
    }
    const Tensor<T> neighbours = tape.scratch(key_spans.back(), user_dim);
    size_t row = 0;
    for (const ComposerUser* user : users) {
      for (const uint32_t neighbour : user->neighbours) std::ranges::copy(table_.row(neighbour), neighbours.row(row++));
    }
    const Var<T> near = tape.leaf(neighbours, nullptr);
    const size_t head_dim = d_model_ / options_.heads;
    const AttentionOptions attending{
        .heads = options_.heads, .head_dim = head_dim, .scale = 1.0 / std::sqrt(static_cast<double>(head_dim))};
    const Var<T> mixed =
        attention<T>(tape, queries, key_(tape, parameters_, gradients, near),
                     value_(tape, parameters_, gradients, near), query_spans, key_spans, nullptr, attending);
    return reshape(tape, out_(tape, parameters_, gradients, mixed), users.size() * options_.prompt_length, d_model_);
  }

 private:
  ComposerOptions options_;
  const Matrix& table_;
  size_t d_model_;
  const Parameters<T>& parameters_;
  ComposerLinear query_, key_, value_, out_;
};

}  // namespace

SimilarUsers::SimilarUsers(const ComposerOptions& options, UserVectors vectors, Matrix table)
    : Composer(options), vectors_(std::move(vectors)), table_(std::move(table)), nearest_(table_) {
  if (table_.rows < 2) throw Error("composer", "similar-users needs at least two users", "choose another composer");
}

ComposerUser SimilarUsers::see(uint32_t known_as, std::span<const uint32_t> profile) const {
  ComposerUser user{.vector = vectors_.of(profile), .neighbours = {}};
  Matrix query(1, user.vector.size());
  std::ranges::copy(user.vector, query.values.begin());
  // One more than wanted, so that the user can be left out.
  const size_t wanted = options().num_neighbours;
  for (const uint32_t other : nearest_.nearest(query, wanted + 1)) {
    if (other == kNoNeighbour || other == known_as) continue;
    if (user.neighbours.size() < wanted) user.neighbours.push_back(other);
  }
  return user;
}

std::unique_ptr<ComposerLayer<float>> SimilarUsers::layer(size_t d_model, Parameters<float>& parameters) const {
  return std::make_unique<Layer<float>>(options(), table_, d_model, parameters);
}

std::unique_ptr<ComposerLayer<double>> SimilarUsers::layer(size_t d_model, Parameters<double>& parameters) const {
  return std::make_unique<Layer<double>>(options(), table_, d_model, parameters);
}

std::vector<NamedTensor> SimilarUsers::tensors() const {
  std::vector<NamedTensor> tensors = tensors_of(vectors_);
  tensors.push_back({kTable, {table_.rows, table_.cols}, table_.values});
  return tensors;
}

void SimilarUsers::visit(ComposerOptions& options, SettingVisitor& visitor) {
  visitor.size("heads", options.heads);
  visitor.size("prompt_length", options.prompt_length);
  visitor.size("num_neighbours", options.num_neighbours);
  visit_user_vectors(options.user_vectors, visitor);
}

std::unique_ptr<const Composer> SimilarUsers::fit(const ComposerOptions& options, const TrainingPart& training) {
  UserVectors vectors = UserVectors::fit(training.histories, training.num_items, options.user_vectors);
  Matrix table = vectors.of_all(training.histories);
  return std::make_unique<SimilarUsers>(options, std::move(vectors), std::move(table));
}

std::unique_ptr<const Composer> SimilarUsers::load(const ComposerOptions& options, const StoredComposer& stored) {
  return std::make_unique<SimilarUsers>(options, load_user_vectors(options.user_vectors, stored),
                                        load_matrix(stored, kTable, stored.num_users, options.user_vectors.dim));
}

}  // namespace peapod
