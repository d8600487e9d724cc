// For tests: an SQLite database made by statements.
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <stdexcept>
#include <string>

namespace peapod {

// A connection that may write; the file is made where it is missing.
class SqliteFile {
 public:
  explicit SqliteFile(std::filesystem::path path, const std::string& statements = "") : path_(std::move(path)) {
    if (sqlite3_open(path_.c_str(), &database_) != SQLITE_OK) throw std::runtime_error("cannot make " + path_.string());
    run(statements);
  }
  SqliteFile(const SqliteFile&) = delete;
  SqliteFile& operator=(const SqliteFile&) = delete;
  ~SqliteFile() { sqlite3_close(database_); }

  void run(const std::string& statements) const {
    char* message = nullptr;
    if (sqlite3_exec(database_, statements.c_str(), nullptr, nullptr, &message) == SQLITE_OK) return;
    const std::string problem = message != nullptr ? message : "failed";
    sqlite3_free(message);
    throw std::runtime_error(problem + ": " + statements.substr(0, 200));
  }

  const std::filesystem::path& path() const { return path_; }
  // As a source of `peapod prepare`.
  std::string source() const { return "sqlite:" + path_.string(); }

 private:
  std::filesystem::path path_;
  sqlite3* database_ = nullptr;
};

}  // namespace peapod
