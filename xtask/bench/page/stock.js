// A design as stock TensorFlow.js: the `tf.layers` code that a user of the library writes (`model.trainOnBatch`,
// `tf.train.adam`). It starts from the weights of the engine and sees the same batches.

/* global tf */

import { EPSILON, checkSettings, featureOf, headWidth, inOrder, inputTensor, isHead, operands, sources, tensors } from "./design.js";

/** Settings of the layers that read step by step. */
const recurrent = ({ units, return_sequences }) => ({ units, recurrentActivation: "sigmoid", returnSequences: return_sequences });

/** The model as stock `tf.layers` code. `weights` maps a parameter"s name to `{shape, values}`. */
export function translate(design, schema, weights, learningRate) {
  checkSettings(design);
  const weighted = design.nodes.find((node) => (node.layer.weight ?? 1) !== 1);
  if (weighted) throw new Error(`tf.layers has no loss weights (${weighted.name} has ${weighted.layer.weight})`);
  const outputs = new Map();
  const inputs = [];
  const losses = [];
  const heads = [];
  for (const node of inOrder(design)) {
    const settings = node.layer;
    const from = sources(design, node).map((id) => outputs.get(id));
    const name = node.name.replaceAll(/[^A-Za-z0-9_]/g, "_");
    let output;
    switch (settings.type) {
      case "token_input":
      case "id_input":
      case "dense_input": {
        const kind = featureOf(schema, node).kind;
        const shape = settings.type === "dense_input" ? [kind.width] : [kind.length ?? 1];
        output = tf.input({ shape, name });
        output.cardinality = kind.cardinality;
        output.isId = settings.type === "id_input";
        inputs.push({ node, input: output });
        break;
      }
      case "embedding":
        output = tf.layers
          .embedding({ inputDim: from[0].cardinality, outputDim: settings.width, name, weights: tensors(weights, node, ["embeddings"]) })
          .apply(from[0]);
        if (from[0].isId) output = tf.layers.flatten().apply(output);
        break;
      case "global_average_pooling":
        output = tf.layers.globalAveragePooling1d({}).apply(from[0]);
        break;
      case "global_max_pooling":
        output = tf.layers.globalMaxPooling1d({}).apply(from[0]);
        break;
      case "lstm":
        output = tf.layers
          .lstm({ ...recurrent(settings), name, weights: tensors(weights, node, ["kernel", "recurrent_kernel", "bias"]) })
          .apply(from[0]);
        break;
      case "gru":
        throw new Error(`tf.layers.gru has no reset_after, which ${name} computes with`);
      case "bidirectional": {
        if (settings.cell !== "lstm") throw new Error(`tf.layers.gru has no reset_after, which ${name} computes with`);
        const both = ["forward", "backward"].flatMap((way) => ["kernel", "recurrent_kernel", "bias"].map((part) => `${way}_${part}`));
        const layer = tf.layers.bidirectional({
          layer: tf.layers.lstm(recurrent(settings)),
          mergeMode: { concatenate: "concat", sum: "sum" }[settings.merge],
          name,
        });
        output = layer.apply(from[0]);
        layer.setWeights(tensors(weights, node, both));
        break;
      }
      case "conv1d":
        output = tf.layers
          .conv1d({
            filters: settings.filters,
            kernelSize: settings.kernel_size,
            strides: settings.strides,
            padding: settings.padding,
            activation: settings.activation,
            name,
            weights: tensors(weights, node, ["kernel", "bias"]),
          })
          .apply(from[0]);
        break;
      case "batch_normalization":
        // Its parameters start at 1 and 0 in every library.
        output = tf.layers.batchNormalization({ momentum: settings.momentum, epsilon: settings.epsilon, name }).apply(from[0]);
        break;
      case "layer_normalization":
        output = tf.layers.layerNormalization({ epsilon: settings.epsilon, name }).apply(from[0]);
        break;
      case "dropout":
      case "gaussian_noise":
        output = from[0];
        break;
      case "dot":
        output = tf.layers.dot({ axes: 1, normalize: settings.normalize, name }).apply(operands(design, node, outputs));
        break;
      case "average":
        output = tf.layers.average().apply(from);
        break;
      case "maximum":
        output = tf.layers.maximum().apply(from);
        break;
      case "dense":
        output = tf.layers
          .dense({
            units: settings.units,
            activation: settings.activation,
            useBias: settings.use_bias,
            name,
            weights: tensors(weights, node, ["kernel", "bias"]),
          })
          .apply(from[0]);
        break;
      case "flatten":
        output = tf.layers.flatten().apply(from[0]);
        break;
      case "concatenate":
        output = tf.layers.concatenate().apply(from);
        break;
      case "add":
        output = tf.layers.add().apply(from);
        break;
      case "multiply":
        output = tf.layers.multiply().apply(from);
        break;
      case "mixture": {
        // Usual code for a gate: repeat the weights over the width of an expert, multiply, add.
        const gate = outputs.get(sources(design, node, 1)[0]);
        const experts = sources(design, node, 0).map((id) => outputs.get(id));
        const width = experts[0].shape[1];
        const stacked = tf.layers
          .reshape({ targetShape: [experts.length, width] })
          .apply(tf.layers.concatenate().apply(experts));
        const column = tf.layers.reshape({ targetShape: [1, experts.length] }).apply(gate);
        output = tf.layers.flatten().apply(tf.layers.dot({ axes: [2, 1] }).apply([column, stacked]));
        break;
      }
      case "binary_head":
      case "multi_label_head":
      case "classes_head":
      case "regression_head": {
        const activation = { binary_head: "sigmoid", multi_label_head: "sigmoid", classes_head: "softmax", regression_head: "linear" }[
          settings.type
        ];
        output = tf.layers
          .dense({ units: headWidth(schema, node), activation, name, weights: tensors(weights, node, ["kernel", "bias"]) })
          .apply(from[0]);
        losses.push({ binary_head: "binaryCrossentropy", multi_label_head: "binaryCrossentropy", classes_head: "sparseCategoricalCrossentropy", regression_head: "meanSquaredError" }[settings.type]);
        heads.push({ node, output });
        break;
      }
      default:
        throw new Error(`no stock TensorFlow.js code for the layer ${settings.type} (${node.name})`);
    }
    if (output.cardinality === undefined && from[0]?.cardinality !== undefined) output.cardinality = from[0].cardinality;
    outputs.set(node.id, output);
  }
  const order = design.nodes.filter(isHead).map((node) => heads.findIndex((head) => head.node.id === node.id));
  const model = tf.model({ inputs: inputs.map(({ input }) => input), outputs: order.map((at) => heads[at].output) });
  model.compile({ optimizer: tf.train.adam(learningRate, 0.9, 0.999, EPSILON), loss: order.map((at) => losses[at]) });
  return {
    batch(rows) {
      const x = inputs.map(({ node }) => inputTensor(schema, node, rows, "float32"));
      const y = design.nodes.filter(isHead).map((node, task) => {
        const target = rows.targets[task];
        return node.layer.type === "classes_head" ? tf.tensor2d(target, [rows.rows, 1], "float32") : tf.tensor2d(target, [rows.rows, headWidth(schema, node)]);
      });
      return { x, y };
    },
    async step({ x, y }) {
      const report = await model.trainOnBatch(x, y);
      return Array.isArray(report) ? report[0] : report;
    },
    sync: async (last) => last,
    dispose: () => model.dispose(),
  };
}
