#include "model/safetensors.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/nearest_name.h"

namespace peapod {

static_assert(std::endian::native == std::endian::little, "safetensors files are little-endian and mapped as they are");

namespace {

using Json = nlohmann::json;

constexpr const char* kMetadataKey = "__metadata__";
constexpr const char* kBroken = "the file is damaged or not a safetensors file; fetch or write it again";
constexpr size_t kLengthBytes = 8;
// The reference reader's limit, and the depth of {"name": {"shape": [1]}}.
constexpr JsonBounds kHeaderBounds{.max_bytes = 100'000'000, .max_depth = 3, .unique_names = true};
constexpr size_t kAlignment = 64;

struct HeaderEntry {
  std::string name;
  std::string type_name;
  std::vector<size_t> shape;
  size_t begin = 0;  // bytes after the header
  size_t end = 0;
};

struct Header {
  std::vector<HeaderEntry> entries;
  std::map<std::string, std::string> metadata;
  size_t data_start = 0;
};

// Bytes per value; nothing for a type that the format does not have.
std::optional<size_t> bytes_per_value(std::string_view type_name) {
  static constexpr std::pair<std::string_view, size_t> kTypes[] = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1}, {"U16", 2}, {"I16", 2}, {"F16", 2},
      {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},     {"U64", 8},     {"I64", 8}, {"F64", 8}};
  for (const auto& [name, size] : kTypes) {
    if (name == type_name) return size;
  }
  return std::nullopt;
}

// Product of `factors` and `first`; nothing when it does not fit.
std::optional<size_t> product(size_t first, std::span<const size_t> factors) {
  size_t result = first;
  for (const size_t factor : factors) {
    if (factor != 0 && result > std::numeric_limits<size_t>::max() / factor) return std::nullopt;
    result *= factor;
  }
  return result;
}

// A non-negative integer of the header.
size_t read_size(const Json& value, const std::string& where, const char* field) {
  if (!value.is_number_unsigned()) {
    throw Error(where, std::string("field \"") + field + "\": expected a number from 0, got " + shown_json(value),
                kBroken);
  }
  return value.get<size_t>();
}

const Json& field_of(const Json& object, const char* field, const std::string& where) {
  const auto found = object.find(field);
  if (found == object.end()) throw Error(where, std::string("field \"") + field + "\" is missing", kBroken);
  return *found;
}

HeaderEntry read_entry(const std::string& name, const Json& object, const std::string& path) {
  const std::string where = path + ": tensor \"" + name + "\"";
  if (!object.is_object()) throw Error(where, "expected an object, got " + std::string(object.type_name()), kBroken);
  HeaderEntry entry;
  entry.name = name;
  const Json& type = field_of(object, "dtype", where);
  if (!type.is_string()) throw Error(where, "field \"dtype\": expected a text, got " + shown_json(type), kBroken);
  entry.type_name = type.get<std::string>();
  const std::optional<size_t> value_bytes = bytes_per_value(entry.type_name);
  if (!value_bytes) throw Error(where, "field \"dtype\": unknown type \"" + entry.type_name + '"', kBroken);

  const Json& shape = field_of(object, "shape", where);
  if (!shape.is_array()) throw Error(where, "field \"shape\": expected a list, got " + shown_json(shape), kBroken);
  for (const Json& extent : shape) entry.shape.push_back(read_size(extent, where, "shape"));

  const Json& offsets = field_of(object, "data_offsets", where);
  if (!offsets.is_array() || offsets.size() != 2) {
    throw Error(where, "field \"data_offsets\": expected two numbers, got " + offsets.dump(), kBroken);
  }
  entry.begin = read_size(offsets[0], where, "data_offsets");
  entry.end = read_size(offsets[1], where, "data_offsets");
  const std::optional<size_t> size = product(*value_bytes, entry.shape);
  if (entry.end < entry.begin || !size || entry.end - entry.begin != *size) {
    throw Error(where,
                "data_offsets " + offsets.dump() + " do not fit shape " + shape.dump() + " of " + entry.type_name,
                kBroken);
  }
  return entry;
}

Header read_header(std::string_view file, const std::string& path) {
  if (file.size() < kLengthBytes)
    throw Error(path, "has no header: only " + std::to_string(file.size()) + " bytes", kBroken);
  uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  if (length > file.size() - kLengthBytes || length > kHeaderBounds.max_bytes) {
    throw Error(
        path, "header length is " + std::to_string(length) + " in a file of " + std::to_string(file.size()) + " bytes",
        kBroken);
  }
  const Json json =
      parse_json_object<Json>(file.substr(kLengthBytes, length), path + ": header", kBroken, kHeaderBounds);

  Header header;
  header.data_start = kLengthBytes + length;
  for (const auto& [name, value] : json.items()) {
    if (name != kMetadataKey) {
      header.entries.push_back(read_entry(name, value, path));
      continue;
    }
    if (!value.is_object()) throw Error(path, "__metadata__: expected an object", kBroken);
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) throw Error(path, "__metadata__: \"" + key + "\" is not a text", kBroken);
      header.metadata[key] = text.get<std::string>();
    }
  }
  return header;
}

// The tensors, in order of place, must cover `data_bytes` exactly.
void check_coverage(std::vector<HeaderEntry>& entries, size_t data_bytes, const std::string& path) {
  std::sort(entries.begin(), entries.end(), [](const HeaderEntry& a, const HeaderEntry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  size_t covered = 0;
  for (const HeaderEntry& entry : entries) {
    const std::string where = path + ": tensor \"" + entry.name + "\"";
    if (entry.end > data_bytes) {
      throw Error(where,
                  "ends at byte " + std::to_string(entry.end) + " of " + std::to_string(data_bytes) + " in the file",
                  "the file is cut short; fetch or write it again");
    }
    if (entry.begin < covered) throw Error(where, "overlaps the tensor before it", kBroken);
    if (entry.begin > covered) throw Error(where, "leaves a hole before it", kBroken);
    covered = entry.end;
  }
  if (covered != data_bytes) {
    throw Error(path, std::to_string(data_bytes - covered) + " bytes at the end belong to no tensor", kBroken);
  }
}

float from_bf16(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

// IEEE 754 half precision; every value has an exact f32.
float from_f16(uint16_t bits) {
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  const uint32_t exponent = (bits >> 10) & 0x1fu;
  const uint32_t fraction = bits & 0x3ffu;
  if (exponent == 0) {  // zero or subnormal: fraction · 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(std::bit_cast<uint32_t>(magnitude) | sign);
  }
  const uint32_t wide_exponent = exponent == 0x1fu ? 0xffu : exponent + (127 - 15);
  return std::bit_cast<float>(sign | (wide_exponent << 23) | (fraction << 13));
}

// Reads values of type Stored, aligned or not, and converts each.
template <class Stored, class Convert>
void convert_all(std::span<const std::byte> bytes, Convert convert, std::span<float> values) {
  for (size_t i = 0; i < values.size(); ++i) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof(Stored), sizeof(Stored));
    values[i] = convert(stored);
  }
}

// The header's text for `tensors`, padded with spaces so that the values start at a multiple of kAlignment.
std::string header_text(std::span<const NamedTensor> tensors, const std::map<std::string, std::string>& metadata,
                        const std::string& path) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  header[kMetadataKey] = {{std::string(kSealName), kNoSeal}};  // first, where seal_place() looks for it
  for (const auto& [key, value] : metadata) header[kMetadataKey][key] = value;
  std::set<std::string_view> names{kMetadataKey};
  size_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    const std::string where = path + ": tensor \"" + tensor.name + "\"";
    if (!names.insert(tensor.name).second)
      throw Error(where, "the name is taken", "give each tensor a name of its own");
    if (product(1, tensor.shape) != tensor.values.size()) {
      throw Error(where, "the shape does not match its " + std::to_string(tensor.values.size()) + " values");
    }
    const size_t end = offset + tensor.values.size_bytes();
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const Json::exception& failure) {  // a name or a text that is not UTF-8
    throw Error(path, std::string("header: ") + failure.what());
  }
  const size_t used = (kLengthBytes + text.size()) % kAlignment;
  if (used != 0) text.append(kAlignment - used, ' ');
  return text;
}

}  // namespace

SafetensorsFile SafetensorsFile::open(const std::filesystem::path& path) { return SafetensorsFile(path); }

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path), file_(path) {
  Header header = read_header(file_.text(), path.string());
  const std::span<const std::byte> data = file_.bytes().subspan(header.data_start);
  check_coverage(header.entries, data.size(), path.string());
  metadata_ = std::move(header.metadata);
  sealed_ = metadata_.erase(std::string(kSealName)) > 0;
  if (sealed_) {
    const std::string fault = seal_fault(file_.text().substr(0, header.data_start), data);
    if (!fault.empty()) throw Error(path.string(), fault, kBroken);
  }
  for (HeaderEntry& entry : header.entries) {
    Tensor tensor;
    if (entry.type_name == "F32") tensor.type = Type::f32;
    if (entry.type_name == "F16") tensor.type = Type::f16;
    if (entry.type_name == "BF16") tensor.type = Type::bf16;
    if (entry.type_name == "F64") tensor.type = Type::f64;
    tensor.type_name = std::move(entry.type_name);
    tensor.shape = std::move(entry.shape);
    tensor.bytes = data.subspan(entry.begin, entry.end - entry.begin);
    const bool aligned = reinterpret_cast<uintptr_t>(tensor.bytes.data()) % alignof(float) == 0;
    if (tensor.type == Type::f32 && !aligned && !tensor.bytes.empty()) {
      tensor.aligned_copy.resize(tensor.bytes.size() / sizeof(float));
      std::memcpy(tensor.aligned_copy.data(), tensor.bytes.data(), tensor.bytes.size());
    }
    tensors_.emplace(std::move(entry.name), std::move(tensor));
  }
}

std::vector<std::string> SafetensorsFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors_) names.push_back(name);
  return names;
}

std::span<const size_t> SafetensorsFile::shape(std::string_view name) const { return require(name).shape; }

std::vector<float> SafetensorsFile::read_f32(std::string_view name) const {
  const Tensor& tensor = require(name);
  std::vector<float> values(tensor.type == Type::other ? 0 : product(1, tensor.shape).value());
  read_f32(name, values);
  return values;
}

void SafetensorsFile::read_f32(std::string_view name, std::span<float> values) const {
  const Tensor& tensor = require(name);
  assert(tensor.type == Type::other || values.size() == product(1, tensor.shape));
  switch (tensor.type) {
    case Type::f32:
      std::ranges::copy(f32_view(name), values.begin());
      return;
    case Type::f16:
      return convert_all<uint16_t>(tensor.bytes, from_f16, values);
    case Type::bf16:
      return convert_all<uint16_t>(tensor.bytes, from_bf16, values);
    case Type::f64:
      return convert_all<double>(
          tensor.bytes, [](double value) { return static_cast<float>(value); }, values);
    case Type::other:
      break;
  }
  reject_type(name, tensor, "F32, F16, BF16 or F64");
}

std::span<const float> SafetensorsFile::f32_view(std::string_view name) const {
  const Tensor& tensor = require(name);
  if (tensor.type != Type::f32) reject_type(name, tensor, "F32");
  if (tensor.bytes.empty()) return {};  // whose place need not be aligned
  if (!tensor.aligned_copy.empty()) return tensor.aligned_copy;
  return {reinterpret_cast<const float*>(tensor.bytes.data()), tensor.bytes.size() / sizeof(float)};
}

const SafetensorsFile::Tensor& SafetensorsFile::require(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found != tensors_.end()) return found->second;
  const std::string nearest = nearest_name(name, names());
  throw Error(path_.string(), "has no tensor \"" + std::string(name) + '"',
              nearest.empty() ? "" : "did you mean \"" + nearest + "\"?");
}

void SafetensorsFile::reject_type(std::string_view name, const Tensor& tensor, const char* expected) const {
  throw Error(path_.string() + ": tensor \"" + std::string(name) + '"',
              "has type " + tensor.type_name + ", expected " + expected);
}

void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata) {
  std::string header = header_text(tensors, metadata, path.string());
  const uint64_t length = header.size();
  header.insert(0, reinterpret_cast<const char*>(&length), sizeof length);
  Checksum sum;
  sum.add(header);
  for (const NamedTensor& tensor : tensors) sum.add(std::as_bytes(tensor.values));
  const std::optional<size_t> place = seal_place(header);
  assert(place && header.substr(*place, kNoSeal.size()) == kNoSeal);
  header.replace(*place, kNoSeal.size(), sum.digits());
  AtomicFile file(path);
  file.write(header);
  for (const NamedTensor& tensor : tensors) file.write(std::as_bytes(tensor.values));
  file.commit();
}

}  // namespace peapod
