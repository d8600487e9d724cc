#include "model/composers/shared_prompts.h"

#include <utility>

#include "model/composers/composer_weights.h"
#include "model/composers/stored_user_vectors.h"

namespace peapod {
namespace {

template <class T>
class Layer final : public ComposerLayer<T> {
 public:
  Layer(const ComposerOptions& options, size_t d_model, Parameters<T>& parameters)
      : options_(options), d_model_(d_model), parameters_(parameters) {
    require_heads(options.heads, d_model);
    query_ = ComposerLinear::add(parameters, "query", options.heads * options.key_dim, options.user_vectors.dim);
    keys_ = parameters.add("peapod.composer.keys", {options.heads * options.num_prompts, options.key_dim}, 1.0);
    prompts_ = parameters.add("peapod.composer.prompts", {options.num_prompts, options.prompt_length, d_model}, 1.0);
  }

  Var<T> prompts(Tape<T>& tape, T* gradients, std::span<const ComposerUser* const> users, T* weights) const override {
    const Var<T> vectors = vectors_on<T>(tape, users, options_.user_vectors.dim);
    const Var<T> queries = query_(tape, parameters_, gradients, vectors);
    const Var<T> mixed =
        mix_prompts(tape, queries, parameters_.on(tape, gradients, keys_), parameters_.on(tape, gradients, prompts_),
                    options_.heads, options_.prompt_length, weights);
    return reshape(tape, mixed, users.size() * options_.prompt_length, d_model_);
  }

 private:
  ComposerOptions options_;
  size_t d_model_;
  const Parameters<T>& parameters_;
  ComposerLinear query_;
  ParameterId keys_ = 0, prompts_ = 0;
};

}  // namespace

SharedPrompts::SharedPrompts(const ComposerOptions& options, UserVectors vectors)
    : Composer(options), vectors_(std::move(vectors)) {}

ComposerUser SharedPrompts::see(uint32_t, std::span<const uint32_t> profile) const {
  return {.vector = vectors_.of(profile), .neighbours = {}};
}

std::unique_ptr<ComposerLayer<float>> SharedPrompts::layer(size_t d_model, Parameters<float>& parameters) const {
  return std::make_unique<Layer<float>>(options(), d_model, parameters);
}

std::unique_ptr<ComposerLayer<double>> SharedPrompts::layer(size_t d_model, Parameters<double>& parameters) const {
  return std::make_unique<Layer<double>>(options(), d_model, parameters);
}

std::vector<NamedTensor> SharedPrompts::tensors() const { return tensors_of(vectors_); }

void SharedPrompts::visit(ComposerOptions& options, SettingVisitor& visitor) {
  visitor.size("num_prompts", options.num_prompts);
  visitor.size("heads", options.heads);
  visitor.size("key_dim", options.key_dim);
  visitor.size("prompt_length", options.prompt_length);
  visit_user_vectors(options.user_vectors, visitor);
}

std::unique_ptr<const Composer> SharedPrompts::fit(const ComposerOptions& options, const TrainingPart& training) {
  return std::make_unique<SharedPrompts>(
      options, UserVectors::fit(training.histories, training.num_items, options.user_vectors));
}

std::unique_ptr<const Composer> SharedPrompts::load(const ComposerOptions& options, const StoredComposer& stored) {
  return std::make_unique<SharedPrompts>(options, load_user_vectors(options.user_vectors, stored));
}

}  // namespace peapod
