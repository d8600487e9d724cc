#include "sources/postgresql_rows.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sources/database_name.h"
#include "sources/plain_text.h"

namespace peapod {
namespace {

constexpr Oid kBytea = 17;  // of pg_type, the same in every PostgreSQL

struct FinishConnection {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, FinishConnection>;
using Result = std::unique_ptr<PGresult, ClearResult>;

// libpq's messages in one line, without the line break that ends them. plain_text() would take `<` for markup.
std::string one_line(const char* message) {
  std::string line;
  for (const char c : std::string_view(message != nullptr ? message : "")) {
    const bool blank = c == '\n' || c == '\t' || c == ' ';
    if (!blank || (!line.empty() && line.back() != ' ')) line += blank ? ' ' : c;
  }
  while (line.ends_with(' ')) line.pop_back();
  return repaired_utf8(line);
}

// Why libpq cannot read a URL; empty where it can. The message may hold any part of the URL.
std::string objection_to(const std::string& url) {
  char* message = nullptr;
  PQconninfoOption* const options = PQconninfoParse(url.c_str(), &message);
  std::string objection = options == nullptr ? one_line(message) : std::string();
  if (options == nullptr && objection.empty()) objection = "out of memory";
  PQconninfoFree(options);
  PQfreemem(message);
  return objection;
}

// Throws Error where the URL cannot be read, by a message without the password.
void require_readable(const std::string& url) {
  constexpr const char* kEncode = "in a password, write %40 for @, %2F for / and %25 for %, or leave it to ~/.pgpass";
  if (!has_readable_user(url)) {
    throw Error(shown_url(url), "cannot be read: an @ or a / stands within the user or the password", kEncode);
  }
  if (objection_to(url).empty()) return;
  const std::string objection = objection_to(without_password(url));
  if (objection.empty()) throw Error(shown_url(url), "cannot be read: the password is not percent-encoded", kEncode);
  throw Error(shown_url(url), "cannot be read: " + objection, "write postgresql://user@host:port/name");
}

Connection connected(const std::string& url) {
  // A later entry counts before an earlier one; the URL is expanded where `dbname` stands.
  const char* const keywords[] = {"fallback_application_name", "dbname", "client_encoding", nullptr};
  const char* const values[] = {"peapod", url.c_str(), "UTF8", nullptr};
  Connection connection(PQconnectdbParams(keywords, values, 1));
  if (!connection) throw Error(shown_url(url), "cannot be reached: out of memory");
  if (PQstatus(connection.get()) != CONNECTION_OK) {
    const bool asks = PQconnectionNeedsPassword(connection.get()) != 0;
    throw Error(shown_url(url), "cannot be reached: " + one_line(PQerrorMessage(connection.get())),
                asks ? "set PGPASSWORD, or write the password into ~/.pgpass"
                     : "check the URL, postgresql://user@host:port/name, with `psql URL`");
  }
  // libpq would print what a server remarks.
  const auto say_nothing = [](void*, const char*) {};
  PQsetNoticeProcessor(connection.get(), say_nothing, nullptr);
  return connection;
}

class PostgresqlCursor : public QueryCursor {
 public:
  PostgresqlCursor(std::string where, Connection connection, const std::string& query)
      : where_(std::move(where)), connection_(std::move(connection)) {
    // For this transaction alone, which suits servers that lend one session to several clients.
    const Result begun(PQexec(connection_.get(),
                              "BEGIN READ ONLY; SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; "
                              "SET LOCAL extra_float_digits = 3"));
    if (PQresultStatus(begun.get()) != PGRES_COMMAND_OK) throw failure("no transaction can be begun");
    // With parameters, if none, the server takes a single statement.
    if (PQsendQueryParams(connection_.get(), query.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1 ||
        PQsetSingleRowMode(connection_.get()) != 1) {
      throw failure("the query cannot be sent");
    }
    fetch();
  }

  std::vector<std::string> columns() const override {
    std::vector<std::string> names;
    for (int i = 0; i < PQnfields(row_.get()); ++i) names.emplace_back(PQfname(row_.get(), i));
    return names;
  }

  bool next(std::vector<QueryValue>& row) override {
    if (given_) fetch();
    given_ = true;
    if (PQresultStatus(row_.get()) != PGRES_SINGLE_TUPLE) return false;
    ++rows_;
    row.resize(static_cast<size_t>(PQnfields(row_.get())));
    for (size_t i = 0; i < row.size(); ++i) {
      const int column = static_cast<int>(i);
      row[i] = {};
      if (PQgetisnull(row_.get(), 0, column) != 0) continue;
      row[i].is_blob = PQftype(row_.get(), column) == kBytea;
      if (row[i].is_blob) continue;
      row[i].text.assign(PQgetvalue(row_.get(), 0, column), static_cast<size_t>(PQgetlength(row_.get(), 0, column)));
    }
    return true;
  }

 private:
  // Waits for the next row; behind the last one, for an empty result with the names of the columns.
  void fetch() {
    Result result(PQgetResult(connection_.get()));
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw failure(rows_ == 0 ? "the query failed" : fmt::format("the query failed after {} rows", rows_),
                    result.get());
    }
    row_ = std::move(result);
  }

  // The sentence for what the server said of a result, or else of the connection.
  Error failure(const std::string& what_failed, const PGresult* result = nullptr) const {
    const auto field = [&](int code) { return one_line(PQresultErrorField(result, code)); };
    std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
    if (message.empty()) message = one_line(PQerrorMessage(connection_.get()));
    const std::string hint = field(PG_DIAG_MESSAGE_HINT), state = field(PG_DIAG_SQLSTATE);
    std::string remedy = hint.empty() ? "correct it; in `psql URL` it can be tried" : hint;
    if (state == "42P01" && hint.empty()) remedy = "`psql URL -c '\\d'` lists the tables";
    if (state == "25006") remedy = "databases are only read; leave out what writes";
    if (state == "42501") remedy = "ask for the right to read it, or name another user in the URL";
    return {where_, what_failed + ": " + message, remedy};
  }

  std::string where_;
  Connection connection_;  // ends the transaction with itself
  Result row_;             // fetched last
  bool given_ = false;     // whether next() has given row_
  uint64_t rows_ = 0;
};

}  // namespace

NamedRows open_postgresql(const std::string& url, const std::string& query) {
  require_reading_query(query);
  require_readable(url);
  Connection connection = connected(url);
  std::string name = PQdb(connection.get());
  auto cursor = std::make_unique<PostgresqlCursor>(shown_url(url), std::move(connection), query);
  return {std::move(name), std::make_unique<QueryRows>(shown_url(url), "PostgreSQL", std::move(cursor))};
}

}  // namespace peapod
