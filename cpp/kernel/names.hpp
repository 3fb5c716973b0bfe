// The names of table rows, as Python has them: a new row needs its case in elements/ and its name
// here.

#pragma once

#include "functions.hpp"
#include "update.hpp"

namespace FALLLINE_NS {

struct Name {
    const char* table;
    const char* name;
    int kind;
};

#define FALLLINE_ROW(table, Enum, name) {#table, #name, static_cast<int>(Enum::name)}
#define FALLLINE_ACTIVATION(name) FALLLINE_ROW(activation, Activation, name)
#define FALLLINE_LOSS(name) FALLLINE_ROW(loss, Loss, name)
#define FALLLINE_OPTIMIZER(name) FALLLINE_ROW(optimizer, Optimizer, name)
#define FALLLINE_DIALECT(name) FALLLINE_ROW(dialect, Dialect, name)
#define FALLLINE_OPERATION(name) FALLLINE_ROW(operation, Op, name)

inline constexpr Name names[] = {
    FALLLINE_ACTIVATION(identity), FALLLINE_ACTIVATION(logistic), FALLLINE_ACTIVATION(tanh),
    FALLLINE_ACTIVATION(softplus), FALLLINE_ACTIVATION(gelu), FALLLINE_ACTIVATION(gelu_tanh),
    FALLLINE_ACTIVATION(silu), FALLLINE_ACTIVATION(mish), FALLLINE_ACTIVATION(sin),
    FALLLINE_ACTIVATION(gaussian), FALLLINE_ACTIVATION(square), FALLLINE_ACTIVATION(exp),
    FALLLINE_ACTIVATION(relu), FALLLINE_ACTIVATION(leaky_relu), FALLLINE_ACTIVATION(elu),
    FALLLINE_ACTIVATION(selu), FALLLINE_ACTIVATION(hard_sigmoid), FALLLINE_ACTIVATION(hard_tanh),
    FALLLINE_ACTIVATION(step), FALLLINE_ACTIVATION(softmax), FALLLINE_ACTIVATION(ordered),
    FALLLINE_ACTIVATION(mean_variance), FALLLINE_ACTIVATION(expression),

    FALLLINE_LOSS(sse), FALLLINE_LOSS(squared_error), FALLLINE_LOSS(mae), FALLLINE_LOSS(huber),
    FALLLINE_LOSS(log_cosh), FALLLINE_LOSS(quantile), FALLLINE_LOSS(poisson), FALLLINE_LOSS(gamma),
    FALLLINE_LOSS(gaussian_likelihood), FALLLINE_LOSS(binary_cross_entropy),
    FALLLINE_LOSS(cross_entropy), FALLLINE_LOSS(hinge), FALLLINE_LOSS(expression),

    FALLLINE_OPTIMIZER(sgd), FALLLINE_OPTIMIZER(adagrad), FALLLINE_OPTIMIZER(rmsprop),
    FALLLINE_OPTIMIZER(adadelta), FALLLINE_OPTIMIZER(adam), FALLLINE_OPTIMIZER(adamw),
    FALLLINE_OPTIMIZER(nadam), FALLLINE_OPTIMIZER(lion), FALLLINE_OPTIMIZER(rprop),

    FALLLINE_DIALECT(fallline), FALLLINE_DIALECT(paper), FALLLINE_DIALECT(torch),
    FALLLINE_DIALECT(keras), FALLLINE_DIALECT(sklearn), FALLLINE_DIALECT(optax),

    FALLLINE_OPERATION(constant), FALLLINE_OPERATION(input), FALLLINE_OPERATION(add),
    FALLLINE_OPERATION(mul), FALLLINE_OPERATION(div), FALLLINE_OPERATION(neg),
    {"operation", "if", static_cast<int>(Op::choose)}, FALLLINE_OPERATION(pow),
    FALLLINE_OPERATION(exp), FALLLINE_OPERATION(log), FALLLINE_OPERATION(log1p),
    FALLLINE_OPERATION(expm1), FALLLINE_OPERATION(sqrt), FALLLINE_OPERATION(abs),
    FALLLINE_OPERATION(sign), FALLLINE_OPERATION(tanh), FALLLINE_OPERATION(sinh),
    FALLLINE_OPERATION(cosh), FALLLINE_OPERATION(sin), FALLLINE_OPERATION(cos),
    FALLLINE_OPERATION(atan), FALLLINE_OPERATION(erf), FALLLINE_OPERATION(sigmoid),
    FALLLINE_OPERATION(softplus), FALLLINE_OPERATION(logcosh), FALLLINE_OPERATION(relu),
    FALLLINE_OPERATION(max), FALLLINE_OPERATION(min),
};

#undef FALLLINE_OPERATION
#undef FALLLINE_DIALECT
#undef FALLLINE_OPTIMIZER
#undef FALLLINE_LOSS
#undef FALLLINE_ACTIVATION
#undef FALLLINE_ROW

inline int find(const char* table, const char* name) {
    for (const Name& row : names)
        if (!__builtin_strcmp(row.table, table) && !__builtin_strcmp(row.name, name)) return row.kind;
    return -1;
}

}  // namespace FALLLINE_NS
