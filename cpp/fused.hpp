// Steps whose gradients need not be kept: where nothing has to be known of the whole gradient before
// the optimizer runs, one task computes a piece of it, adds the penalties, moves the weights and lays
// them out for the next way back, all while they are in the nearest cache.

#pragma once

#include <vector>

#include "descent.hpp"

namespace fallline {

// The tasks of a machine's fused steps, or none where the plan or the rows forbid these: limits on
// gradients and weights need the whole gradient, and compressed rows one as wide as X. Whether steps are fused
// depends on network, plan and X alone, never on threads or on where an epoch is cut. FALLLINE_PATH=generic
// forbids it, for comparisons.
template <class T>
std::vector<MoveTask> fused_tasks(const Machine<T>& machine, const PlanSpec& plan);

// The same tasks in groups that a thread takes whole: pieces in tiles of some panels of a source, each of
// which is split once for all, while the pieces of the panel before are computed.
template <class T>
std::vector<MoveGroup> grouped(const Machine<T>& machine, const std::vector<MoveTask>& tasks,
                               int threads);

// Where stretches of groups end that are about as much work for each of so many threads.
std::vector<int> equal_shares(const std::vector<MoveGroup>& groups, int threads);

}  // namespace fallline
