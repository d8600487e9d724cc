// The rows of a query on a PostgreSQL database, which come one by one in a transaction that only reads. Safe from any
// thread; the rows belong to one.
#pragma once

#include <string>

#include "sources/query_rows.h"

namespace peapod {

// url: as libpq takes it; what it leaves out, a password among it, libpq looks for in the environment and in ~/.pgpass.
// Values are the texts that PostgreSQL writes: times in ISO form and UTC, real numbers with all their digits; NULL is
// an empty text, bytea is none. Throws Error when the URL cannot be read, the server refuses, or the query is not one
// SELECT, fails or gives no row. No message holds a password.
NamedRows open_postgresql(const std::string& url, const std::string& query);

}  // namespace peapod
