// Groups of pieces of a fused step.

#pragma once

#include "tiled_move.hpp"

namespace FALLLINE_NS {

// Moves a group, and notes of each task whether all stayed finite.
template <class T>
void move(const Model& model, const Pass<T>& pass, const fallline::MoveGroup& group,
          const fallline::Finish<T>& finish, const fallline::Update<T>& update,
          T* scratch, T* gradient, std::uint8_t* sound) {
    const fallline::GradientTask& first = group.tasks[0].piece;
    if constexpr (has_tiles<T>)
        if (pass.tiles && first.source >= 0 && model.nodes[first.node].split_d >= 0)
            return TiledMove(model, pass, group, finish, update, scratch).run(gradient, sound);
    for (int i = 0; i < group.count; ++i) {
        piece_gradient(model, pass, group.tasks[i], update, gradient);
        sound[i] =
            move_piece(model, pass, group.tasks[i], finish, update, gradient, group.index + i);
    }
}

}  // namespace FALLLINE_NS
