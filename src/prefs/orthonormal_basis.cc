#include "prefs/orthonormal_basis.h"

#include <vector>

#include "base/threads.h"
#include "tensor/gemm.h"

namespace peapod {
namespace {

using Eigen::Index;

constexpr Index kManyRows = 1 << 16;
constexpr size_t kBlocks = 32;  // of rows, whatever the number of threads

// Calls work(first row, number of rows, block) for each block of x, on all threads.
template <class Work>
void for_blocks(RowMajorF& x, const Work& work) {
  parallel_for(kBlocks, [&](size_t block) {
    const Range rows = part_of(static_cast<size_t>(x.rows()), kBlocks, block);
    if (rows.size() > 0) work(x.row(static_cast<Index>(rows.begin)).data(), rows.size(), block);
  });
}

RowMajorF gram_of(RowMajorF& x) {
  const auto width = static_cast<size_t>(x.cols());
  std::vector<RowMajorF> parts(kBlocks, RowMajorF::Zero(x.cols(), x.cols()));
  for_blocks(x, [&](const float* rows, size_t count, size_t block) {
    gemm({width, width, count, width, width, width, Op::transpose}, 1.0f, rows, rows, 0.0f, parts[block].data());
  });
  for (size_t block = 1; block < kBlocks; ++block) parts.front() += parts[block];
  return parts.front();
}

void multiply(RowMajorF& x, const RowMajorF& by) {
  const auto width = static_cast<size_t>(x.cols());
  for_blocks(x, [&](float* rows, size_t count, size_t) {
    const std::vector<float> before(rows, rows + count * width);
    gemm({count, width, width, width, width, width}, 1.0f, before.data(), by.data(), 0.0f, rows);
  });
}

}  // namespace

bool orthonormalise(RowMajorF& x) {
  // Farthest from the identity that the second pass makes up for.
  constexpr float kNearEnough = 0.1f;
  const RowMajorF identity = RowMajorF::Identity(x.cols(), x.cols());
  for (const bool second : {false, true}) {
    const RowMajorF gram = gram_of(x);
    if (!gram.allFinite() || (second && (gram - identity).cwiseAbs().maxCoeff() > kNearEnough)) return false;
    const Eigen::LLT<Eigen::MatrixXf> factor(gram);
    if (factor.info() != Eigen::Success) return false;
    multiply(x, factor.matrixU().solve(Eigen::MatrixXf(identity)));
  }
  return true;
}

RowMajorF orthonormal_basis(const RowMajorF& x) {
  if (x.rows() > kManyRows) {
    if (RowMajorF copy = x; orthonormalise(copy)) return copy;
  }
  const Eigen::HouseholderQR<Eigen::MatrixXf> qr(x);
  return qr.householderQ() * Eigen::MatrixXf::Identity(x.rows(), x.cols());
}

}  // namespace peapod
