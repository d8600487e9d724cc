// The rate of the bare matrix products that training consists of: what the rate of training is compared with.
#pragma once

#include <cstddef>

#include "model/seq2seq.h"

namespace peapod {

// Floating-point operations a second of one round through the network's linear layers with so many rows at once, each
// forward and with both gradients, on all threads, every one with products of its own. Operands lie ready in the
// precision of the products.
double product_rate(const Seq2Seq<float>& network, Precision precision, size_t rows);

}  // namespace peapod
