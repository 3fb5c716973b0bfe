/** Names of the library as a person reads them, and a sentence for each optimizer. */

const NAMES: Record<string, string> = {
  sse: 'Sum of squared errors',
  mae: 'Absolute error',
  xor: 'XOR',
  log_cosh: 'Log-cosh error',
  sgd: 'Gradient descent (SGD)',
  auto: 'Made for each activation',
  constant: 'Constant',
};

const LETTERS: Record<string, string> = { beta1: 'β₁', beta2: 'β₂', epsilon: 'ε', psi: 'ψ' };

const OPTIMIZERS: Record<string, string> = {
  sgd: 'Straight down the slope. With momentum it rolls on like a ball.',
  adagrad: 'A rate for each weight, smaller the more it has moved.',
  rmsprop: 'A rate for each weight, by how large its gradient was lately.',
  adadelta: 'Like RMSProp, with a step that needs no unit of its own.',
  adam: 'RMSProp with momentum: what most people begin with.',
  adamw: 'Adam, with weights that shrink a little at every step.',
  nadam: 'Adam that looks ahead, as Nesterov does.',
  lion: 'Only the sign of the momentum counts: all weights move equally far.',
  rprop: 'Only the sign of the gradient counts. For all rows at once.',
};

/** "cars_and_bikes" as "Cars and bikes"; a family with settings keeps them. */
export function readable(name: string): string {
  if (NAMES[name]) return NAMES[name];
  if (LETTERS[name]) return LETTERS[name];
  const text = name.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** With a capital and a full stop, however it came. */
export function sentence(text: string): string {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…)]$/.test(whole) ? whole : `${whole}.`;
}

export function aboutOptimizer(name: string): string {
  return OPTIMIZERS[name] ?? '';
}
