// Shared by the translations of a design to TensorFlow.js.

/* global tf */

/** Adam"s, as in `mtl_training::benchmark`. */
export const EPSILON = 1e-10;

/** Nodes in an order in which every wire goes forward. */
export function inOrder(design) {
  const waiting = new Map(design.nodes.map((node) => [node.id, new Set()]));
  for (const wire of design.wires) waiting.get(wire.to.node).add(wire.from.node);
  const order = [];
  while (waiting.size > 0) {
    const ready = [...waiting].filter(([, from]) => from.size === 0).map(([id]) => id);
    if (ready.length === 0) throw new Error("the design has a cycle");
    for (const id of ready) {
      waiting.delete(id);
      for (const from of waiting.values()) from.delete(id);
      order.push(design.nodes.find((node) => node.id === id));
    }
  }
  return order;
}

/** The nodes wired to input `handle` of `node`, in the order of the wires. */
export function sources(design, node, handle = 0) {
  return design.wires
    .filter((wire) => wire.to.node === node.id && (wire.to.handle ?? 0) === handle)
    .sort((a, b) => a.id - b.id)
    .map((wire) => wire.from.node);
}

/** The outputs of the two nodes wired to inputs 0 and 1 of `node`. */
export const operands = (design, node, outputs) => [0, 1].map((handle) => outputs.get(sources(design, node, handle)[0]));

export const isHead = (node) => node.layer.type.endsWith("_head");
const labelOf = (schema, node) => schema.labels.find((label) => label.key === node.layer.label);
export const featureOf = (schema, node) => schema.features.find((feature) => feature.key === node.layer.feature);

/** Width of a head"s logits. */
export function headWidth(schema, node) {
  const { kind } = labelOf(schema, node);
  if (node.layer.type === "classes_head") return kind.n_classes;
  return node.layer.type === "multi_label_head" ? kind.n_labels : 1;
}

/** What a setting must be for the translations to compute the same. */
const PLAIN = { l1: [0], l2: [0], class_weights: [[]], projection: [true] };

const ACTIVATIONS = ["linear", "relu", "gelu", "tanh", "sigmoid", "softmax"];

/** Refuses, by name, what the translations do not know. */
export function checkSettings(design) {
  if ((design.ties ?? []).length > 0) throw new Error("no TensorFlow.js code for tied layers");
  for (const node of design.nodes) {
    const { type, activation } = node.layer;
    const refuse = (what) => {
      throw new Error(`no TensorFlow.js code for ${what} of the layer ${type} (${node.name})`);
    };
    if (node.frozen) throw new Error(`no TensorFlow.js code for the frozen layer ${node.name}`);
    for (const [key, value] of Object.entries(node.layer)) {
      const allowed = PLAIN[key];
      if (allowed && !allowed.some((plain) => JSON.stringify(plain) === JSON.stringify(value))) refuse(`${key} = ${JSON.stringify(value)}`);
    }
    if (activation !== undefined && !ACTIVATIONS.includes(activation)) refuse(`the activation ${activation}`);
    if ((type === "dropout" && node.layer.rate > 0) || (type === "gaussian_noise" && node.layer.deviation > 0)) {
      throw new Error(`the layer ${type} (${node.name}) draws random numbers, and no two libraries draw the same: with 0 it takes part`);
    }
  }
}

export function tensors(weights, node, names) {
  return names.filter((name) => weights[`${node.name}/${name}`]).map((name) => {
    const { shape, values } = weights[`${node.name}/${name}`];
    return tf.tensor(values, shape);
  });
}

export function inputTensor(schema, node, rows, idType) {
  const kind = featureOf(schema, node).kind;
  const values = rows.inputs[node.id];
  // IDs are unsigned numbers, which the library does not accept.
  const ids = idType === "int32" ? Int32Array.from(values) : Float32Array.from(values);
  if (node.layer.type === "dense_input") return tf.tensor2d(values, [rows.rows, kind.width]);
  return tf.tensor2d(ids, [rows.rows, kind.length ?? 1], idType);
}
