// As `static/worker.js`, with the echo in place of the training.
import init, { echo_main } from "./app.js";

self.addEventListener(
  "message",
  async ({ data: module }) => {
    await init({ module_or_path: module });
    echo_main();
  },
  { once: true },
);
