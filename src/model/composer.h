// Soft prompts in front of the text (PeaPOD §3): the task's own vectors, then the user's personal ones, composed from
// the user vector. Owns no memory but the names of its weights; safe from many threads, one tape each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/matrix.h"
#include "model/config.h"
#include "model/parameters.h"
#include "tensor/ops.h"
#include "text/templates.h"

namespace peapod {

// One user as a composer sees them.
struct ComposerUser {
  std::vector<float> vector;         // [user_dim], standardised; empty when the composer is not personal
  std::vector<uint32_t> neighbours;  // similar-users: rows of the table of training users, at least one
};

template <class T>
class Composer {
 public:
  // Registers its weights in `parameters`, which must outlive this object.
  Composer(const ComposerConfig& config, size_t d_model, Parameters<T>& parameters);

  const ComposerConfig& config() const { return config_; }

  // Vectors that stand in front of each text.
  size_t length() const {
    return config_.kind == ComposerKind::none ? 0
                                              : config_.task_length + (config_.personal() ? config_.prompt_length : 0);
  }

  // All tasks' prompts [num tasks * task_length, d_model]; task t has rows [t * task_length, (t + 1) * task_length).
  Var<T> task_prompts(Tape<T>& tape, T* gradients) const;

  // Personal prompts [users * prompt_length, d_model]. `user_table` [training users, user_dim] holds standardised
  // vectors for similar-users. `weights`, if not null, receives the mixing weights of shared-prompts
  // [users, heads, num_prompts]. Requires config().personal().
  Var<T> personal_prompts(Tape<T>& tape, T* gradients, std::span<const ComposerUser* const> users,
                          const Matrix& user_table, T* weights = nullptr) const;

 private:
  ComposerConfig config_;
  const Parameters<T>& parameters_;
  size_t d_model_;
  ParameterId task_ = 0;
  ParameterId query_ = 0, query_bias_ = 0;  // both personal composers
  ParameterId keys_ = 0, prompts_ = 0;      // shared-prompts
  ParameterId key_weight_ = 0, key_bias_ = 0, value_weight_ = 0, value_bias_ = 0, out_ = 0, out_bias_ = 0;
};

}  // namespace peapod
