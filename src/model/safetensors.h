// The safetensors file format (huggingface.co/docs/safetensors): eight bytes of header length, a JSON header that gives
// each tensor's type, shape and place, then the values. Read through a memory map, written as a stream. An open file is
// immutable, so safe from any thread.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"

namespace peapod {

class SafetensorsFile {
 public:
  // Every field of the header is checked before anything is allocated for it: lengths, types, shapes, and that the
  // tensors cover the rest of the file without overlap or hole; a checksum, where the file holds one, against all of
  // it. Throws Error that names the file and the tensor.
  static SafetensorsFile open(const std::filesystem::path& path);

  std::vector<std::string> names() const;  // in alphabetical order
  bool contains(std::string_view name) const { return tensors_.find(name) != tensors_.end(); }

  // The following throw Error when there is no tensor of that name; the message gives the nearest one.

  std::span<const size_t> shape(std::string_view name) const;  // empty for a scalar
  // A copy as f32, row-major, from F32, F16, BF16 or F64. Throws Error for other types.
  std::vector<float> read_f32(std::string_view name) const;
  // The same into the caller's memory. REQUIRES: as many values as the tensor has.
  void read_f32(std::string_view name, std::span<float> values) const;
  // The stored values themselves; valid while this object or what it is moved to lives. Throws Error unless the type
  // is F32. (Values that the file does not align to four bytes were copied by open().)
  std::span<const float> f32_view(std::string_view name) const;

  // Whether the file holds a checksum of itself, as those of write_safetensors() do; open() has compared it then.
  bool sealed() const { return sealed_; }
  // The free-form texts under `__metadata__`, without the checksum.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  enum class Type { f32, f16, bf16, f64, other };
  struct Tensor {
    Type type = Type::other;
    std::string type_name;  // as in the file
    std::vector<size_t> shape;
    std::span<const std::byte> bytes;
    std::vector<float> aligned_copy;  // of an F32 tensor that the map holds unaligned
  };
  explicit SafetensorsFile(const std::filesystem::path& path);
  const Tensor& require(std::string_view name) const;
  [[noreturn]] void reject_type(std::string_view name, const Tensor& tensor, const char* expected) const;

  std::filesystem::path path_;
  MappedFile file_;
  std::map<std::string, Tensor, std::less<>> tensors_;
  std::map<std::string, std::string> metadata_;
  bool sealed_ = false;
};

// What write_safetensors() takes; a view of values that the caller keeps.
struct NamedTensor {
  std::string name;
  std::vector<size_t> shape;  // empty for a scalar
  std::span<const float> values;
};

// Writes the tensors as F32 in the given order, with a checksum (base/checksum.h) among the metadata; the file appears
// whole or not at all. The values start at a multiple of 64 bytes. Throws Error when a name occurs twice or is
// `__metadata__`, when a shape does not match its values, or when writing fails.
void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace peapod
