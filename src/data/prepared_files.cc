#include "data/prepared_files.h"

#include <zlib.h>

namespace peapod::prepared_files {

uint32_t crc32_of(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace peapod::prepared_files
