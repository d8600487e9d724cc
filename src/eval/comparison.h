// Two rankings of the same users, metric by metric: how far apart they are and whether chance could do that.
// Pure functions that use all threads; results do not depend on their number.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "eval/bootstrap.h"
#include "eval/rank_record.h"

namespace peapod {

// Resamples of compare() on records: enough for p-values of a few ten-thousandths.
inline constexpr uint32_t kComparisonResamples = 10000;

struct MetricComparison {
  std::string key;          // `sequential.full.hr@10`
  double first = 0;         // mean over the users
  double second = 0;        // the same
  Difference difference{};  // first minus second
};

// Every metric of eval/metrics.h under the protocols that both were ranked under, in the order of the table. Throws
// Error that names both sources where they are of other data, another split or other users, or share no protocol.
std::vector<MetricComparison> compare(const RankRecord& first, const RankRecord& second);

// The same of ranks that are known to be of the same users.
std::vector<MetricComparison> compare(const ProtocolRanks& first, const ProtocolRanks& second,
                                      const BootstrapOptions& options = {});

}  // namespace peapod
