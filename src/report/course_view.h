#pragma once
// The course of a drill for the templates: numbers for the charts, and the tables behind them.

#include <boost/json/object.hpp>

#include "report/fields.h"

namespace understudy::report {

/// Adds "course" (JSON text that may stand in a script element; false if the drill has none) and
/// the tables "errors", "leases", "regions" and "seconds". Requires: view["phases"].
void put_course(const Fields& drill, boost::json::object& view);

}  // namespace understudy::report
