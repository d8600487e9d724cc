#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "support/gradient_check.h"
#include "tensor/ops.h"

namespace peapod {
namespace {

// Three sets: of a row twice, of another one, and one with a single choice.
struct MadeSets {
  std::vector<uint32_t> rows = {1, 1, 3, 0};
  std::vector<uint32_t> starts = {0, 3, 5, 9, 10};
  std::vector<int32_t> tokens = {4, 0, 2, 5, 1, 0, 1, 2, 3, 5};
  std::vector<double> biases = {0.5, -1.0, 0.0, 2.0, -3.0, 0.1, 0.2, 0.3, 0.4, 7.0};
  std::vector<uint32_t> chosen = {2, 1, 0, 0};
  std::vector<double> scales = {1.0, 0.5, 0.25, 2.0};

  ChoiceSets<double> sets() const { return {rows, starts, tokens, biases, chosen, scales}; }
};

TEST(ChoiceCrossEntropy, HasTheGradientsOfItsDefinition) {
  Random random(5);
  Input hidden(random, 4, 3);
  Input table(random, 6, 3);
  const MadeSets made;
  expect_gradients({&hidden, &table}, [&](auto& tape) {
    return choice_cross_entropy(tape, hidden.on(tape), table.on(tape), 0.7, made.sets());
  });
}

// Masses on the second entry of the first set, on two of the second set, one of which has no other mass.
std::vector<AppraisedMass<double>> made_masses() { return {{1, 0, 0.5}, {1, 2, 0.2}, {3, 1, 1.5}, {4, 0, 0.3}}; }

TEST(ChoiceCrossEntropy, HasTheGradientsOfAppraisedMasses) {
  Random random(7);
  Input hidden(random, 4, 3);
  Input table(random, 6, 3);
  Input appraisals(random, 3, 1);
  MadeSets made;
  made.biases[3] = -std::numeric_limits<double>::infinity();
  const auto masses = made_masses();
  expect_gradients({&hidden, &table, &appraisals}, [&](auto& tape) {
    ChoiceSets<double> sets = made.sets();
    sets.masses = masses;
    return choice_cross_entropy(tape, hidden.on(tape), table.on(tape), 0.7, sets, appraisals.on(tape));
  });
}

TEST(ChoiceCrossEntropy, AddsToABiasWhatIsAppraised) {
  Random random(8);
  Input hidden(random, 4, 3);
  Input table(random, 6, 3);
  Input appraisals(random, 3, 1);
  MadeSets made, moved;
  const auto masses = made_masses();
  for (const auto& [entry, appraisal, mass] : masses) {
    moved.biases[entry] = std::log(std::exp(moved.biases[entry]) + mass * std::exp(appraisals.value[appraisal]));
  }
  Tape<double> tape({.record = false});
  ChoiceSets<double> sets = made.sets();
  sets.masses = masses;
  const double appraised =
      choice_cross_entropy(tape, hidden.on(tape), table.on(tape), 0.7, sets, appraisals.on(tape))->value.data[0];
  const double expected = choice_cross_entropy(tape, hidden.on(tape), table.on(tape), 0.7, moved.sets())->value.data[0];
  EXPECT_NEAR(appraised, expected, 1e-12);
}

TEST(ChoiceCrossEntropy, IsTheLogProbabilityOfWhatIsChosenAmongTheChoices) {
  Random random(6);
  Input hidden(random, 4, 3);
  Input table(random, 6, 3);
  for (size_t c = 0; c < 4; ++c) {
    MadeSets made;
    for (size_t other = 0; other < 4; ++other) made.scales[other] *= other == c ? 1.0 : 0.0;
    Tape<double> tape({.record = false});
    const double loss = choice_cross_entropy(tape, hidden.on(tape), table.on(tape), 0.7, made.sets())->value.data[0];
    double sum = 0, chosen = 0;
    for (uint32_t e = made.starts[c]; e < made.starts[c + 1]; ++e) {
      double score = made.biases[e];
      for (size_t d = 0; d < 3; ++d) {
        score += 0.7 * hidden.value[made.rows[c] * 3 + d] * table.value[static_cast<size_t>(made.tokens[e]) * 3 + d];
      }
      sum += std::exp(score);
      if (e - made.starts[c] == made.chosen[c]) chosen = score;
    }
    EXPECT_NEAR(loss, -made.scales[c] * (chosen - std::log(sum)), 1e-12);
    EXPECT_EQ(loss == 0.0, c == 3) << "in the last set nothing else could be chosen";
  }
}

}  // namespace
}  // namespace peapod
