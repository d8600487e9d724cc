// Composers make the personal prompt: soft vectors in front of the text, distilled from what collaborative filtering
// knows of a user (PeaPOD §3). A composer has two sides that meet in ComposerUser. The user's side turns what somebody
// did into numbers; nothing there is learned by gradients. The network's side, a ComposerLayer, turns the numbers into
// vectors, with weights of its own. Immutable; safe from many threads, one tape each.
//
// To add a composer: implement Composer and ComposerLayer in a file of its own, as shared_prompts.* does, and give it a
// row in kComposers (composer.cc). Its name then works in `--composer`, in model directories and in `inspect`.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "data/split.h"
#include "model/parameters.h"
#include "model/safetensors.h"
#include "model/settings.h"
#include "prefs/pmf.h"
#include "tensor/ops.h"

namespace peapod {

// One user as the network's side sees them.
struct ComposerUser {
  std::vector<float> vector;         // [user_dim], standardised; empty where there is no personal prompt
  std::vector<uint32_t> neighbours;  // similar-users: rows of the table of training users, at least one
};

// Sizes of all composers; each reads and stores those that its row in kComposers names.
struct ComposerOptions {
  size_t num_prompts = 20;     // M, of shared-prompts
  size_t heads = 4;            // of both personal composers; divides d_model
  size_t key_dim = 16;         // columns of a head's keys, of shared-prompts
  size_t prompt_length = 3;    // L, vectors of the personal prompt
  size_t num_neighbours = 20;  // of similar-users
  PmfOptions user_vectors;     // of the fit, of both personal composers; dim is user_dim below
};

// The network's side.
template <class T>
class ComposerLayer {
 public:
  virtual ~ComposerLayer() = default;

  // Personal prompts [users * length, d_model]. `gradients` (may be null) is a block laid out like the parameters.
  // `weights`, if not null, receives the mixing weights of shared-prompts [users, heads, num_prompts]; other layers
  // leave it alone.
  virtual Var<T> prompts(Tape<T>& tape, T* gradients, std::span<const ComposerUser* const> users, T* weights) const = 0;
};

class Composer {
 public:
  explicit Composer(const ComposerOptions& options) : options_(options) {}
  virtual ~Composer() = default;
  Composer(const Composer&) = delete;
  Composer& operator=(const Composer&) = delete;

  // What model directories call it. A name keeps its meaning for ever: a composer that computes something else has
  // another name.
  virtual std::string_view name() const = 0;

  const ComposerOptions& options() const { return options_; }

  // Vectors of the personal prompt; 0 where there is none.
  virtual size_t length() const { return 0; }
  // Whether the task's own vectors stand in front of it.
  virtual bool has_task_prompts() const { return true; }

  // The user's side: somebody who did this. A training user (`known_as`; else kUnknownUser) is not their own neighbour.
  virtual ComposerUser see(uint32_t known_as, std::span<const uint32_t> profile) const = 0;

  // The network's side; registers its weights, `peapod.composer.…`, in `parameters`. Neither this object nor
  // `parameters` may go away before the layer. Null where length() is 0. Throws Error for sizes that do not fit.
  virtual std::unique_ptr<ComposerLayer<float>> layer(size_t d_model, Parameters<float>& parameters) const = 0;
  virtual std::unique_ptr<ComposerLayer<double>> layer(size_t d_model, Parameters<double>& parameters) const = 0;

  // What the user's side was fitted to, to be stored beside the weights; views that live as long as the composer.
  virtual std::vector<NamedTensor> tensors() const { return {}; }

 private:
  ComposerOptions options_;
};

// What the user's side is fitted on.
struct TrainingPart {
  const Histories& histories;
  uint32_t num_items = 0;
};

// A file with the tensors of a composer, and the sizes that they must have.
struct StoredComposer {
  const SafetensorsFile& file;
  std::string where;  // the file, in errors
  size_t num_users = 0;
  size_t num_items = 0;
};

// One way to compose; the table of them is composer_kinds().
struct ComposerKind {
  std::string_view name;
  bool is_personal;  // makes a personal prompt
  // Shows the visitor the options that this kind reads: what is stored of it.
  void (*visit)(ComposerOptions& options, SettingVisitor& visitor);
  std::unique_ptr<const Composer> (*fit)(const ComposerOptions& options, const TrainingPart& training);
  std::unique_ptr<const Composer> (*load)(const ComposerOptions& options, const StoredComposer& stored);
};

std::span<const ComposerKind> composer_kinds();
std::vector<std::string> composer_names();
// Throws Error that lists the names. `place`: the file that the name stands in; empty where it was given otherwise.
const ComposerKind& composer_kind(std::string_view name, std::string_view place = {});

inline constexpr std::string_view kSharedPrompts = "shared-prompts";  // a mixture of shared prompts, by user vector
inline constexpr std::string_view kSimilarUsers = "similar-users";    // attention to the most similar users' vectors
inline constexpr std::string_view kTaskOnly = "task-only";            // the task's prompt alone (that is POD)
inline constexpr std::string_view kNoPrompts = "none";

}  // namespace peapod
