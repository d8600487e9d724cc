#include "eval/population.h"

#include "model/question.h"
#include "prefs/popularity.h"

namespace peapod {

Population population_of(const Dataset& data, const EvaluationOptions& options) {
  Population population;
  population.users = users_to_evaluate(data, options);
  population.popularity = item_popularity(data.train_histories(), data.num_items());
  for (const uint32_t user : population.users) {
    const uint32_t target = data.target(user, options.split);
    const size_t length = known_in_evaluation(data, user, options.split).items.size();
    population.history_lengths.push_back(static_cast<uint32_t>(length));
    population.targets.push_back(target);
    population.target_popularities.push_back(population.popularity[target]);
  }
  return population;
}

}  // namespace peapod
