// The worker's side of `src/worker/`: the first message brings the module that the page has compiled.
import init, { worker_main } from "./app.js";

self.addEventListener(
  "message",
  async ({ data: module }) => {
    try {
      await init({ module_or_path: module });
      worker_main();
    } catch (error) {
      // Nobody hears of a rejected promise in here.
      self.postMessage(["panic", String(error)]);
    }
  },
  { once: true },
);
