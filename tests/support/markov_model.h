// For tests: a language model whose next-token logits depend on the step and the last token only, with a record of
// what the search asked for.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "decode/beam_search.h"
#include "text/tokenizer.h"

namespace peapod {

struct MarkovModel {
  size_t vocabulary = 0;
  std::vector<int32_t> start_tokens;  // [inputs], in place of the pad id that every search starts with
  std::vector<std::vector<float>> by_last;
  std::vector<std::vector<float>> by_step;

  static MarkovModel random(uint64_t seed, size_t vocabulary, size_t steps, size_t inputs) {
    Random draws(seed);
    MarkovModel model{vocabulary, {}, {}, {}};
    const auto table = [&](size_t rows) {
      std::vector<std::vector<float>> values(rows, std::vector<float>(vocabulary));
      for (auto& row : values) {
        for (float& value : row) value = static_cast<float>(1.5 * draws.normal());
      }
      return values;
    };
    model.by_last = table(vocabulary);
    model.by_step = table(steps);
    for (size_t i = 0; i < inputs; ++i) model.start_tokens.push_back(static_cast<int32_t>(draws.below(vocabulary)));
    return model;
  }

  // The model that knows one of the inputs only.
  MarkovModel alone(size_t input) const { return {vocabulary, {start_tokens[input]}, by_last, by_step}; }

  std::vector<float> logits(uint32_t step, int32_t last) const {
    std::vector<float> row = by_last[static_cast<size_t>(last)];
    for (size_t token = 0; token < vocabulary; ++token) row[token] += by_step[step][token];
    return row;
  }

  // Checks the contract of DecodeStep on the way. The model must outlive the function.
  StepFunction step_function() const {
    return [this, inputs_before = std::vector<uint32_t>()](const DecodeStep& step, std::span<float> out) mutable {
      const size_t rows = step.tokens.size();
      ASSERT_EQ(step.parents.size(), rows);
      ASSERT_EQ(step.inputs.size(), rows);
      ASSERT_EQ(out.size(), rows * vocabulary);
      for (size_t row = 0; row < rows; ++row) {
        const uint32_t input = step.inputs[row];
        ASSERT_TRUE(row == 0 || step.inputs[row - 1] <= input) << "inputs ascend";
        if (step.index == 0) {
          ASSERT_EQ(step.tokens[row], kPadId);
          ASSERT_EQ(step.parents[row], input);
        } else {
          ASSERT_EQ(inputs_before.at(step.parents[row]), input) << "a row stays with its input";
        }
        const auto values = logits(step.index, step.index == 0 ? start_tokens.at(input) : step.tokens[row]);
        std::copy(values.begin(), values.end(), out.begin() + static_cast<std::ptrdiff_t>(row * vocabulary));
      }
      inputs_before.assign(step.inputs.begin(), step.inputs.end());
    };
  }
};

// Logits that depend on input, step and last token, for vocabularies whose tables would be large.
inline StepFunction hashed_logits(size_t vocabulary) {
  return [vocabulary](const DecodeStep& step, std::span<float> out) {
    for (size_t row = 0; row < step.tokens.size(); ++row) {
      const uint64_t key = mix64(step.inputs[row], step.index, static_cast<uint64_t>(step.tokens[row]));
      for (size_t token = 0; token < vocabulary; ++token) {
        out[row * vocabulary + token] = static_cast<float>(mix64(key, token) >> 40) * 0x1.0p-20f;  // [0, 16)
      }
    }
  };
}

}  // namespace peapod
